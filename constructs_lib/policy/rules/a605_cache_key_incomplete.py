"""A605 cache-key-incomplete."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.caching import READS, cached_methods
from constructs_lib.policy.services.inputs import declared_inputs, path_inputs, same_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: orders}}
Orders: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: orders}}
Order: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !Ref Orders, PathPart: "{id}"}}
GetOrder:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    ResourceId: !Ref Order
    HttpMethod: GET
    RequestParameters: {method.request.path.id: true, method.request.querystring.fields: false, method.request.header.Trace: false}
    Integration: {Type: HTTP, CacheKeyParameters: KEY}
Deployment: {Type: AWS::ApiGateway::Deployment, DependsOn: GetOrder, Properties: {RestApiId: !Ref Api}}
Live:
  Type: AWS::ApiGateway::Stage
  Properties:
    RestApiId: !Ref Api
    DeploymentId: !Ref Deployment
    CacheClusterEnabled: true
    MethodSettings:
      - {HttpMethod: "*", ResourcePath: "/*", CachingEnabled: false, ThrottlingRateLimit: 31, ThrottlingBurstLimit: 62}
      - {HttpMethod: GET, ResourcePath: "/~1orders~1{id}", CachingEnabled: true, CacheTtlInSeconds: 60, CacheDataEncrypted: true}
"""


class CacheKeyIncomplete(Rule):
    """Requests for different things share one cache entry.

    ## Why is this bad?
    Only what is in the key tells entries apart. Without `id` in the key of `/orders/{id}`, everybody gets the order that
    somebody asked for first, until the entry expires.

    ## What to do
    Put every path and query parameter on which the answer depends into `CacheKeyParameters`.
    """

    id = "A605"
    name = "cache-key-incomplete"
    severity = WARNING
    bad = {
        "no key at all": _API.replace("KEY", "!Ref AWS::NoValue"),
        "query parameter left out": _API.replace("KEY", "[method.request.path.id]"),
        "no key in production": _API.replace(
            "KEY",
            "!If [IsProd, [], [method.request.path.id, method.request.querystring.fields]]",
        ),
    }
    good = {"complete": _API.replace("KEY", "[method.request.path.id, method.request.querystring.fields]")}
    undecided = {"key imported": _API.replace("KEY", "!ImportValue key")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare the inputs of each cached method with its key."""
        for cached in cached_methods(graph, *READS):
            method = cached.method
            declared = declared_inputs(graph, cached.api, method) or []
            inputs = [*path_inputs(method), *(each for each in declared if ".header." not in each.lower())]
            sources = [str(method.mapped(key) or key) for key in method.cache_keys]
            missing = [each for each in inputs if not any(same_input(each, source) for source in sources)]
            if method.unknown_keys and missing:
                graph.coverage.undecided(method.cache_key.place, method.unknown_keys)
            elif missing:
                names = ", ".join(dict.fromkeys(missing))
                message = f"{method.label} is cached, and {names} is not in its key: requests that differ there get the same answer."
                fix = f"Add {names} to {method.named('CacheKeyParameters')}."
                yield self.finding(
                    method.cache_key.place, message, fix=fix, path=cached.path, when=cached.when
                )
