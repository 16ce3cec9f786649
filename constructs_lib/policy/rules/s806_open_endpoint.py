"""S806 open-endpoint."""

from __future__ import annotations

from constructs_lib.policy.rule import NOTE, Finding, Rule
from constructs_lib.policy.services.open_routes import Open, open_routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_URL = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref Orders, AuthType: WHO}}
"""
_HTTP = """
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Name: shop}}
Route: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: GET /orders, AuthorizationType: WHO}}
"""
_REST = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop}}
Get:
  Type: AWS::ApiGateway::Method
  Properties: {RestApiId: !Ref Api, HttpMethod: GET, AuthorizationType: WHO, Integration: {Type: HTTP}}
"""
_BODY = """
Api:
  Type: AWS::ApiGateway::RestApi
  Properties:
    Body:
      paths: {/orders: {get: {SECURITYx-amazon-apigateway-integration: {type: http}}}}
"""


class OpenEndpoint(Rule):
    """Everyone on the internet can call this.

    ## Why is this bad?
    It need not be: many endpoints are public on purpose. But nobody sees in a diff that one has become so, and an open
    endpoint in front of a function is a bill that others write.

    ## What to do
    Require IAM, a JWT, an authorizer or an API key; or accept the finding with the reason why it is public.

    ## Known limits
    Private APIs and APIs with a resource policy are left out, and so are OPTIONS and mock methods. WAF rules are not read.
    """

    id = "S806"
    name = "open-endpoint"
    severity = NOTE
    bad = {
        "open in development": "Parameters: {Stage: {Type: String}}\n"
        'Conditions: {IsProduction: {"Fn::Equals": [!Ref Stage, prod]}}\n'
        "Resources:" + _URL.replace("WHO", "!If [IsProduction, AWS_IAM, NONE]").replace("\n", "\n  "),
        "function URL": _URL.replace("WHO", "NONE"),
        "route": _HTTP.replace("WHO", "NONE"),
        "route made with the API": _HTTP.replace("WHO", "JWT").replace(
            "Name: shop", 'Name: shop, Target: "https://shop.example.com"'
        ),
        "method": _REST.replace("WHO", "NONE"),
        "operation": _BODY.replace("SECURITY", ""),
    }
    good = {
        "function URL with IAM": _URL.replace("WHO", "AWS_IAM"),
        "route with JWT": _HTTP.replace("WHO", "JWT"),
        "method with IAM": _REST.replace("WHO", "AWS_IAM"),
        "method with API key": _REST.replace("WHO", "NONE, ApiKeyRequired: true"),
        "preflight": _REST.replace("WHO", "NONE").replace("GET", "OPTIONS"),
        "private API": _REST.replace("WHO", "NONE").replace(
            "Name: shop", "EndpointConfiguration: {Types: [PRIVATE]}"
        ),
        "operation with security": _BODY.replace("SECURITY", "security: [{jwt: []}], "),
    }
    undecided = {
        "authorization imported": _HTTP.replace("WHO", "!ImportValue kind"),
        "private or not": _REST.replace("WHO", "NONE").replace(
            "Name: shop", "EndpointConfiguration: {Types: [!ImportValue kind]}"
        ),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Name each API and URL with something open, once."""
        for each in open_routes(graph):
            message = (
                f"{each.owner} lets everyone on the internet call {_listed(each)}, without any authorization."
            )
            fix = "Require IAM, an authorizer or a key, or accept this with the reason why it is public."
            yield self.finding(each.place, message, fix=fix, path=(each.resource.id,), when=each.when)


def _listed(each: Open) -> str:
    names = ", ".join(each.routes[:3])
    return names if len(each.routes) <= 3 else f"{names} and {len(each.routes) - 3} more"  # noqa: PLR2004
