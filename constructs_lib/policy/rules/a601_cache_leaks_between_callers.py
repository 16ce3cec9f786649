"""A601 cache-leaks-between-callers."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.caching import READS, cached_methods
from constructs_lib.policy.services.callers import BEARER, identities

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: orders}}
Users:
  Type: AWS::ApiGateway::Authorizer
  Properties: {RestApiId: !Ref Api, Type: TOKEN, IdentitySource: method.request.header.Authorization}
GetOrders:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    HttpMethod: GET
    RequestParameters: {method.request.header.Authorization: true, method.request.querystring.page: false}
    AUTHORIZATION
    Integration: {Type: HTTP, CacheKeyParameters: KEY}
Deployment: {Type: AWS::ApiGateway::Deployment, DependsOn: GetOrders, Properties: {RestApiId: !Ref Api}}
Live: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, CacheClusterEnabled: true, MethodSettings: [SETTING]}}
"""
_SETTING = "{HttpMethod: GET, ResourcePath: /, CachingEnabled: true, CacheDataEncrypted: true}"
_USERS, _PAGE = "AuthorizationType: CUSTOM\n    AuthorizerId: !Ref Users", "method.request.querystring.page"


def _api(authorization: str, *key: str) -> str:
    text = _API.replace("AUTHORIZATION", authorization).replace("SETTING", _SETTING)
    return text.replace("KEY", f"[{', '.join(key)}]")


class CacheLeaksBetweenCallers(Rule):
    """One caller gets the answer that was made for another.

    ## Why is this bad?
    The gateway authorizes the caller, finds the path in its cache, and hands out what the function made for whoever asked
    first. The function is not asked, logs nothing, and the leak lasts as long as the entry.

    ## What to do
    Put what identifies the caller into the cache key (`CacheKeyParameters` and `RequestParameters`), or do not cache the
    method. Waive the rule where the answer is the same for all callers.
    """

    id = "A601"
    name = "cache-leaks-between-callers"
    severity = ERROR
    bad = {
        "authorizer": _api(_USERS, _PAGE),
        "IAM": _api("AuthorizationType: AWS_IAM", _PAGE),
        "API key": _api("ApiKeyRequired: true", _PAGE),
        "IAM in production alone": _api("AuthorizationType: !If [IsProd, AWS_IAM, NONE]", _PAGE),
    }
    good = {
        "identity in the key": _api(_USERS, BEARER, _PAGE),
        "public": _api("AuthorizationType: NONE", _PAGE),
    }
    undecided = {"key imported": _api(_USERS, "!ImportValue key")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for each caller's identity in the keys of cached methods."""
        for cached in cached_methods(graph, *READS):
            method = cached.method
            for identity in identities(graph, cached.api, method):
                if method.unknown_keys:
                    graph.coverage.undecided(method.cache_key.place, method.unknown_keys)
                elif not identity.in_key(method):
                    message = (
                        f"{method.label} knows its caller by {identity.name}, but its cache key holds "
                        f"{', '.join(method.cache_keys) or 'nothing'}: one caller gets what was made for another."
                    )
                    place, when = method.cache_key.place, cached.when
                    yield self.finding(place, message, fix=identity.key_advice, path=cached.path, when=when)
