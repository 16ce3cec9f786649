"""A604 cache-key-not-declared."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.inputs import declared_inputs, same_input
from constructs_lib.policy.services.rest_apis import rest_apis

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
    RequestParameters: DECLARED
    Integration: {Type: HTTP, CacheKeyParameters: [method.request.querystring.page]}
"""
_BODY = """
Api:
  Type: AWS::ApiGateway::RestApi
  Properties:
    Body:
      openapi: "3.0.1"
      components: {parameters: {Page: {in: query, name: page}}}
      paths:
        /orders:
          get:
            parameters: DECLARED
            x-amazon-apigateway-integration: {type: http, cacheKeyParameters: [method.request.querystring.page]}
"""


class CacheKeyNotDeclared(Rule):
    """A cache key names an input that the method does not declare.

    ## Why is this bad?
    API Gateway refuses the integration, so the deployment fails half-way and rolls back. No check at synthesis sees it,
    because method and integration are each valid.

    ## What to do
    Declare the input in the method's `RequestParameters` (`true` if it is required, else `false`), or among the
    operation's parameters in an OpenAPI body.
    """

    id = "A604"
    name = "cache-key-not-declared"
    severity = ERROR
    bad = {
        "not declared": _API.replace("DECLARED", "{method.request.header.Accept: false}"),
        "nothing declared": _API.replace("DECLARED", "!Ref AWS::NoValue"),
        "not declared in a body": _BODY.replace("DECLARED", "[{in: header, name: page}]"),
        "not declared in production": _API.replace(
            "DECLARED", "!If [IsProd, !Ref AWS::NoValue, {method.request.querystring.page: false}]"
        ),
    }
    good = {
        "declared": _API.replace("DECLARED", "{method.request.querystring.page: false}"),
        "declared in a body": _BODY.replace("DECLARED", '[{$ref: "#/components/parameters/Page"}]'),
    }
    undecided = {"declared elsewhere": _API.replace("DECLARED", "!ImportValue parameters")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for each entry of each cache key among the inputs that its method declares."""
        for api in rest_apis(graph):
            for method in api.methods:
                keys = [key for key in method.cache_keys if key.startswith("method.request.")]
                declared = declared_inputs(graph, api, method) if keys else None
                for key in keys if declared is not None else ():
                    if any(same_input(key, each) for each in declared or ()):
                        continue
                    message = f"{method.label} has {key} in its cache key but does not declare it: API Gateway refuses the integration, and the deployment fails."
                    where = "RequestParameters" if method.is_resource else "the operation's parameters"
                    fix = f"Declare {key} in {where}, or take it out of the key."
                    path = tuple(dict.fromkeys((api.id, method.resource.id)))
                    yield self.finding(method.cache_key.place, message, fix=fix, path=path)
