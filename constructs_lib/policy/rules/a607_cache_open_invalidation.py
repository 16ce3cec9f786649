"""A607 cache-open-invalidation."""

from __future__ import annotations

from fnmatch import fnmatchcase

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.caching import READS, cached_methods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Value

_API = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Policy: {Statement: {Effect: Allow, Principal: "*", Action: ACTION, Resource: "*"}}}}
GetOrders:
  Type: AWS::ApiGateway::Method
  Properties: {RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: GET, AuthorizationType: NONE, Integration: {Type: HTTP}}
Deployment: {Type: AWS::ApiGateway::Deployment, DependsOn: GetOrders, Properties: {RestApiId: !Ref Api}}
Live: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, CacheClusterEnabled: true, MethodSettings: [SETTING]}}
"""
_SETTING = "{HttpMethod: GET, ResourcePath: /, CachingEnabled: true"
_FLAG, _ACTION = "RequireAuthorizationForCacheControl", "execute-api:InvalidateCache"


def _api(action: str, required: str = "") -> str:
    return _API.replace("ACTION", action).replace("SETTING", f"{_SETTING}{required}}}")


class CacheOpenInvalidation(Rule):
    """Any client can empty the cache with a header.

    ## Why is this bad?
    `Cache-Control: max-age=0` throws an entry away. Whoever may send it takes the cache away from all others, and gives
    its load to the function behind it.

    ## What to do
    Allow `execute-api:InvalidateCache` only to those who need it; callers need `execute-api:Invoke`.

    ## Known limits
    CloudFormation's method settings have no property for it: a new stage requires the permission, so its absence is no
    finding. What is found is a policy that gives the permission to everybody, or the requirement written as off.
    """

    id = "A607"
    name = "cache-open-invalidation"
    severity = WARNING
    bad = {
        "policy for everybody": _api("'execute-api:*'"),
        "switched off": _api("execute-api:Invoke", f", {_FLAG}: false"),
        "switched off in production alone": _api(
            "execute-api:Invoke", f", {_FLAG}: !If [IsProd, false, true]"
        ),
    }
    good = {
        "everybody may invoke": _api("execute-api:Invoke"),
        "required": _api("execute-api:Invoke", f", {_FLAG}: true"),
    }
    undecided = {"decided elsewhere": _api("execute-api:Invoke", f", {_FLAG}: !ImportValue required")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find cached methods whose entries everybody may throw away."""
        for cached in cached_methods(graph, *READS):
            api, required = cached.api, cached.stage.says(cached.method, _FLAG)[0].flags()
            found = [required for is_required, _ in graph.known(required) if not is_required]
            for policy in (api.resource.get("Policy"), api.body.get("x-amazon-apigateway-policy")):
                found += [each.get("Action") for each in policy.get("Statement").elements() if _open(each)]
            for value in found:
                message = f"{cached.method.label} is cached, and any client may throw its entry away with Cache-Control: max-age=0: the load from which the cache protects the integration is theirs to switch on."
                fix = f"Allow {_ACTION} to those who need it, and only execute-api:Invoke to everybody."
                yield self.finding(value.place, message, fix=fix, path=cached.path, when=cached.when)


def _open(statement: Value) -> bool:
    who = [statement.get("Principal").only, *(e.only for e in statement.get("Principal", "AWS").elements())]
    actions = [each.texts().only for each in statement.get("Action").elements()]
    granted = any(isinstance(action, str) and fnmatchcase(_ACTION, action) for action in actions)
    allows = statement.get("Effect").only == "Allow" and statement.get("Condition").is_absent
    return allows and granted and "*" in who
