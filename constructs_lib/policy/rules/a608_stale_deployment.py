"""A608 stale-deployment."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.dependencies import made_before
from constructs_lib.policy.services.rest_apis import rest_apis
from constructs_lib.policy.services.stages import stages_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_API = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: orders}}
GetOrders: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, HttpMethod: GET}}
PostOrders: {Type: AWS::ApiGateway::Method, DependsOn: GetOrders, Properties: {RestApiId: !Ref Api, HttpMethod: POST}}
Deployment: {Type: AWS::ApiGateway::Deployment, DEPENDS, Properties: {RestApiId: !Ref Api}}
Live: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, CacheClusterEnabled: false}}
"""


class StaleDeployment(Rule):
    """The stage goes live without some of its methods.

    ## Why is this bad?
    A deployment is a snapshot of what the API has when CloudFormation makes it. Without a dependency it may be made
    before a method, which then answers 403 "Missing Authentication Token" on the stage although it is in the template,
    until somebody deploys again.

    ## What to do
    List every method in the deployment's `DependsOn`, directly or through another resource. CDK's `RestApi` and SAM do.
    """

    id = "A608"
    name = "stale-deployment"
    severity = WARNING
    bad = {
        "no dependency": _API.replace("DEPENDS", "DeletionPolicy: Retain"),
        "one method left out": _API.replace("DEPENDS", "DependsOn: [GetOrders]"),
    }
    good = {
        "both methods": _API.replace("DEPENDS", "DependsOn: [GetOrders, PostOrders]"),
        "one method through the other": _API.replace("DEPENDS", "DependsOn: PostOrders"),
    }
    undecided = {
        "method in another stack": """
Resources: {Api: {Type: AWS::ApiGateway::RestApi}, Live: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Api, StageName: live}}}
Outputs: {Api: {Value: !Ref Api, Export: {Name: api}}}
---
Get: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !ImportValue api, HttpMethod: GET, Integration: {Type: MOCK}}}
"""
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare what each deployment waits for with the methods of its API."""
        for api in rest_apis(graph):
            methods = [method for method in api.methods if method.is_resource]
            stages = [stage.resource for stage in stages_of(graph, api)] if methods else []
            used = {*stages, *(graph.designated(stage.get("DeploymentId")) for stage in stages)}
            for deployment in (each for each in api.deployments if each in used):
                first = made_before(deployment)
                late = [m for m in methods if not _is_made_first(graph, m.resource, deployment, first)]
                if not late:
                    continue
                labels, ids = ", ".join(m.label for m in late), ", ".join(m.resource.id for m in late)
                message = f"{deployment.name} does not wait for {labels}: it may be made first, and the stage then answers 403 for what it lacks until somebody deploys again."
                fix = f"Add {ids} to the DependsOn of {deployment.id}."
                path = (api.id, deployment.id, late[0].resource.id)
                yield self.finding(deployment.place, message, fix=fix, path=path)


def _is_made_first(graph: Graph, method: Resource, deployment: Resource, first: set[str]) -> bool:
    if method.stack is not deployment.stack:
        graph.coverage.undecided(method.place, f"whether another stack makes it before {deployment.id}")
        return True
    return method.id in first
