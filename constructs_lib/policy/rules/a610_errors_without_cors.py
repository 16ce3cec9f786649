"""A610 errors-without-cors."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.rest_apis import rest_apis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Value

_API = """
Api: {Type: AWS::ApiGateway::RestApi}
Options: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, HttpMethod: OPTIONS, Integration: {Type: MOCK}}}
"""
_RESPONSE = """
KIND: {Type: AWS::ApiGateway::GatewayResponse, Properties: {RestApiId: !Ref Api, ResponseType: KIND, ResponseParameters: PARAMETERS}}
"""
_BODY = """
Api:
  Type: AWS::ApiGateway::RestApi
  Properties:
    Body:
      paths: {/orders: {options: {x-amazon-apigateway-integration: {type: mock}}}}
      x-amazon-apigateway-gateway-responses: {DEFAULT_4XX: {responseParameters: PARAMETERS}, DEFAULT_5XX: {responseParameters: PARAMETERS}}
"""
_HEADER = "gatewayresponse.header.Access-Control-Allow-Origin"
_STAR, _KINDS = f"{{{_HEADER}: \"'*'\"}}", ("DEFAULT_4XX", "DEFAULT_5XX")
_BOTH = _API + "".join(_RESPONSE.replace("KIND", kind) for kind in _KINDS)


class ErrorsWithoutCors(Rule):
    """The browser reports a CORS error where the gateway reported a timeout.

    ## Why is this bad?
    The function adds the CORS header to its own answers, but 401, 403, 429 and 504 come from the gateway. Without the
    header the browser keeps status and message from the page: a timeout or a throttle looks like a broken configuration.

    ## What to do
    Give the gateway responses `DEFAULT_4XX` and `DEFAULT_5XX` the header `Access-Control-Allow-Origin`.
    """

    id = "A610"
    name = "errors-without-cors"
    severity = WARNING
    bad = {
        "no gateway responses": _API,
        "another header": _BOTH.replace("PARAMETERS", _STAR.replace("Access-Control-Allow-Origin", "Vary")),
        "only one of the two": _BOTH.replace("PARAMETERS", _STAR).replace(": DEFAULT_5XX", ": THROTTLED"),
        "API body": _BODY.replace("PARAMETERS", "{}"),
        "browsers in production alone": _API.replace("OPTIONS", "!If [IsProd, OPTIONS, GET]"),
    }
    good = {
        "both with the header": _BOTH.replace("PARAMETERS", _STAR),
        "both in the body": _BODY.replace("PARAMETERS", _STAR),
        "no browser calls it": _API.replace("OPTIONS", "GET"),
    }
    undecided = {
        "parameters imported": _BOTH.replace("PARAMETERS", "!ImportValue headers"),
        "responses in another file": _BODY.replace(
            "{DEFAULT_4XX: {responseParameters: PARAMETERS}, DEFAULT_5XX: {responseParameters: PARAMETERS}}",
            '{"Fn::Transform": {Name: AWS::Include, Parameters: {Location: "s3://bucket/responses.yaml"}}}',
        ),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for the header in the default responses of each API that answers OPTIONS."""
        for api in rest_apis(graph):
            answering = next((method for method in api.methods if method.verb == "OPTIONS"), None)
            covered = {kind for kind, value in api.gateway_responses if answering and _carries(graph, value)}
            in_body = api.body.get("x-amazon-apigateway-gateway-responses")
            if answering is None or covered.issuperset(_KINDS):
                continue
            if in_body.unknown:
                graph.note_unknown(in_body)
                continue
            kinds = " and ".join(kind for kind in _KINDS if kind not in covered)
            message = (
                f"{answering.label} is answered for browsers, but {kinds} of {api.resource.name} carry no "
                "Access-Control-Allow-Origin: a 429 or 504 of the gateway reaches the page as a CORS error."
            )
            fix = f"Add {_HEADER} to the gateway responses {kinds}."
            yield self.finding(api.resource.place, message, fix=fix)


def _carries(graph: Graph, parameters: Value) -> bool:
    graph.note_unknown(parameters)
    return bool(parameters.unknown) or any(name.lower() == _HEADER.lower() for name, _ in parameters.items())
