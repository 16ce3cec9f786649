"""A606 cache-unencrypted."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.caching import READS, cached_methods
from constructs_lib.policy.services.callers import identities

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: orders}}
GetOrders:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    ResourceId: !GetAtt Api.RootResourceId
    HttpMethod: GET
    AuthorizationType: NONE
    ApiKeyRequired: PRIVATE
    RequestParameters: {method.request.header.x-api-key: true}
    Integration: {Type: HTTP, CacheKeyParameters: [method.request.header.x-api-key]}
Deployment: {Type: AWS::ApiGateway::Deployment, DependsOn: GetOrders, Properties: {RestApiId: !Ref Api}}
Live:
  Type: AWS::ApiGateway::Stage
  Properties:
    RestApiId: !Ref Api
    DeploymentId: !Ref Deployment
    CacheClusterEnabled: true
    MethodSettings: [{HttpMethod: GET, ResourcePath: /, CachingEnabled: true, CacheDataEncrypted: ENCRYPTED}]
"""


def _api(encrypted: str, private: str = "true") -> str:
    return _API.replace("ENCRYPTED", encrypted).replace("PRIVATE", private)


class CacheUnencrypted(Rule):
    """Answers made for known callers lie unencrypted in the cache.

    ## Why is this bad?
    What a method answers to an authorized caller is usually personal. The cache keeps it outside the function and the
    database, where all other data is encrypted; encryption there is off unless a setting says otherwise.

    ## What to do
    Set `CacheDataEncrypted: true` in the method's setting. It costs a little of the cache's room and nothing else.
    """

    id = "A606"
    name = "cache-unencrypted"
    severity = WARNING
    bad = {
        "switched off": _api("false"),
        "not mentioned": _api("!Ref AWS::NoValue"),
        "private in production alone": _api("false", private="!If [IsProd, true, false]"),
    }
    good = {"encrypted": _api("true"), "public method": _api("false", private="false")}
    undecided = {"decided elsewhere": _api("!ImportValue encrypted")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find cached methods with known callers whose entries are not encrypted."""
        for cached in cached_methods(graph, *READS):
            who = identities(graph, cached.api, cached.method)
            value, setting = cached.stage.says(cached.method, "CacheDataEncrypted")
            encrypted = value.default(False).flags()
            for is_encrypted, when in graph.known(encrypted, given=cached.when) if who else ():
                if not is_encrypted:
                    message = f"{cached.method.label} is cached unencrypted, although it knows its caller by {who[0].name}: personal answers lie in the clear outside function and database."
                    fix = f"Set CacheDataEncrypted: true in the setting for {setting.verb} {setting.path}."
                    yield self.finding(encrypted.place, message, fix=fix, path=cached.path, when=when)
