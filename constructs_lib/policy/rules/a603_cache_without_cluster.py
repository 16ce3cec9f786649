"""A603 cache-without-cluster."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, WARNING, Finding, Rule
from constructs_lib.policy.services.rest_apis import rest_apis
from constructs_lib.policy.services.stages import Stage, stages_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: orders}}
GetOrders: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, HttpMethod: GET}}
Deployment: {Type: AWS::ApiGateway::Deployment, DependsOn: GetOrders, Properties: {RestApiId: !Ref Api}}
Live:
  Type: AWS::ApiGateway::Stage
  Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, CacheClusterEnabled: CLUSTER, MethodSettings: [{HttpMethod: GET, ResourcePath: /, CachingEnabled: true}]}
"""
_DEPLOYED = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: orders}}
Live: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Api, StageName: live, StageDescription: {CachingEnabled: true}}}
"""


class CacheWithoutCluster(Rule):
    """A cache is switched on that does not exist, or paid for and not used.

    ## Why is this bad?
    Method settings switch caching on, but without a cache cluster nothing is kept and every request reaches the function.
    A cluster that no method uses costs money by the hour.

    ## What to do
    Set `CacheClusterEnabled` and `CachingEnabled` together. Write `CacheClusterEnabled: false` to take a cache away: leaving
    it out leaves the cluster running.
    """

    id = "A603"
    name = "cache-without-cluster"
    severity = ERROR
    bad = {
        "cluster off": _API.replace("CLUSTER", "false"),
        "cluster not mentioned": _API.replace("CLUSTER", "!Ref AWS::NoValue"),
        "stage of a deployment": _DEPLOYED,
        "cluster without a cached method": _API.replace("CLUSTER", "true").replace("Caching", "Metrics"),
        "cluster off in production alone": _API.replace("CLUSTER", "!If [IsProd, false, true]"),
    }
    good = {
        "both": _API.replace("CLUSTER", "true"),
        "neither": _API.replace("CLUSTER", "false").replace("CachingEnabled: true", "CachingEnabled: false"),
    }
    undecided = {"cluster imported": _API.replace("CLUSTER", "!ImportValue cluster")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Hold the settings of each stage against its cluster."""
        for api in rest_apis(graph):
            for stage in stages_of(graph, api):
                yield from self._stage(graph, stage, path=(api.id, stage.resource.id))

    def _stage(self, graph: Graph, stage: Stage, path: tuple[str, ...]) -> Iterator[Finding]:
        cluster = stage.value.get("CacheClusterEnabled").default(False).flags()
        entries = stage.value.get("MethodSettings")
        switches = [setting.value.get("CachingEnabled").flags() for setting in stage.settings]
        for value in (cluster, entries, *switches):
            graph.note_unknown(value)
        on = [switch for switch in switches if any(case.data is True for case in switch.cases)]
        if all(case.data is False for case in cluster.cases):
            for switch in on:
                message = f"{stage.resource.name} sets CachingEnabled but has no cache cluster: nothing is kept, and every request reaches the integration."
                fix = "Set CacheClusterEnabled: true and a CacheClusterSize, or CachingEnabled: false."
                yield self.finding(switch.place, message, fix=fix, path=path)
        elif all(case.data is True for case in cluster.cases):
            if on or any(value.unknown for value in (entries, *switches)):
                return
            message = f"{stage.resource.name} has a cache cluster, billed by the hour, and no method setting with CachingEnabled: nothing is ever kept in it."
            fix = "Set CacheClusterEnabled: false, or CachingEnabled for the GET methods to be cached."
            yield self.finding(cluster.place, message, fix=fix, path=path, severity=WARNING)
