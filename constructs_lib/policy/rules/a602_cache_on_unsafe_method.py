"""A602 cache-on-unsafe-method."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.caching import cached_methods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: orders}}
Orders: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: orders}}
Method:
  Type: AWS::ApiGateway::Method
  Properties: {RestApiId: !Ref Api, ResourceId: !Ref Orders, HttpMethod: VERB, AuthorizationType: NONE, Integration: {Type: HTTP}}
Deployment: {Type: AWS::ApiGateway::Deployment, DependsOn: Method, Properties: {RestApiId: !Ref Api}}
Live:
  Type: AWS::ApiGateway::Stage
  Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, CacheClusterEnabled: true, MethodSettings: [SETTING]}
"""
_NAMED = "{HttpMethod: POST, ResourcePath: /~1orders, CachingEnabled: true}"
_ALL = '{HttpMethod: "*", ResourcePath: "/*", CachingEnabled: true}'
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "ANY")


def _api(verb: str, setting: str) -> str:
    return _API.replace("VERB", verb).replace("SETTING", setting)


class CacheOnUnsafeMethod(Rule):
    """A request that should change something is answered from the cache and changes nothing.

    ## Why is this bad?
    The gateway answers the second POST with what the first one got, and the function never hears of it: an order is
    confirmed that nobody took. The body is not part of the key.

    ## What to do
    Cache GET methods only, each by a setting that names its path and verb.

    ## Known limits
    AWS documents that a stage-wide setting (`*/*`) caches GET alone, while people report ANY cached by it. It counts for
    every verb here: what protects the POST is an exception that the template does not show.
    """

    id = "A602"
    name = "cache-on-unsafe-method"
    severity = ERROR
    bad = {
        "setting for POST": _api("POST", _NAMED),
        "setting for the stage, method ANY": _api("ANY", _ALL),
        "setting for the stage, method POST": _api("POST", _ALL),
        "POST in production alone": _api("!If [IsProd, POST, GET]", _ALL),
    }
    good = {
        "GET only": _api("GET", _ALL),
        "switched off for POST": _api("POST", f"{_ALL}, {_NAMED.replace('true', 'false')}"),
        "kept for 0 s": _api("POST", _NAMED.replace("true", "true, CacheTtlInSeconds: 0")),
    }
    undecided = {"switched on elsewhere": _api("POST", _NAMED.replace("true", "!ImportValue cached"))}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find cached methods that may change something."""
        for cached in cached_methods(graph, *_UNSAFE):
            label, setting = cached.method.label, cached.setting
            doubtful = cached.stage_wide and cached.method.verb != "ANY"
            message = (
                f"{label} is cached by the setting for {setting.verb} {setting.path}: a request that should change something "
                "is answered with an earlier answer and never reaches its integration."
            )
            if doubtful:
                message = (
                    f"The setting for {setting.verb} {setting.path} switches the cache on for {label} too: only AWS's "
                    "own exception for stage-wide settings keeps it from being answered from the cache."
                )
            fix = "Set CachingEnabled for GET methods only, by settings that name path and verb."
            place = setting.value.get("CachingEnabled").place
            yield self.finding(place, message, fix=fix, path=cached.path, when=cached.when)
