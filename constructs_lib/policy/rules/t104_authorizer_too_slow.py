"""T104 authorizer-too-slow."""

from __future__ import annotations

from constructs_lib.limits import HTTP_API_AUTHORIZER_WAIT, REST_AUTHORIZER_WAIT
from constructs_lib.policy.rule import ERROR, WARNING, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_URI = "!Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Gate.Arn}/invocations'"
_HTTP = f"""
Gate: {{Type: AWS::Lambda::Function, Properties: {{Timeout: FUNCTION}}}}
Api: {{Type: AWS::ApiGatewayV2::Api, Properties: {{ProtocolType: HTTP}}}}
Authorizer:
  Type: AWS::ApiGatewayV2::Authorizer
  Properties: {{ApiId: !Ref Api, AuthorizerUri: {_URI}}}
"""
_REST = f"""
Gate: {{Type: AWS::Lambda::Function, Properties: {{Timeout: FUNCTION}}}}
Api: {{Type: AWS::ApiGateway::RestApi}}
Authorizer:
  Type: AWS::ApiGateway::Authorizer
  Properties: {{RestApiId: !Ref Api, AuthorizerUri: {_URI}}}
"""
_BODY = f"""
Gate: {{Type: AWS::Lambda::Function, Properties: {{Timeout: FUNCTION}}}}
Api:
  Type: AWS::ApiGateway::RestApi
  Properties: {{Body: {{securityDefinitions: {{Token: {{x-amazon-apigateway-authorizer: {{authorizerUri: {_URI}}}}}}}}}}}
"""


class AuthorizerTooSlow(Rule):
    """A Lambda authorizer may run longer than its API waits for it.

    ## Why is this bad?
    Every request of a caller whose answer is not cached fails with a 500 that names no cause, while the authorizer runs
    on. The integration's timeout does not count here: an HTTP API gives an authorizer a fixed 10 s.

    ## What to do
    Give the authorizer a timeout well under the limit. It should be the fastest function of the API.

    ## Known limits
    For REST and WebSocket APIs AWS states no limit; the 29 s that others have measured are a warning, not an error.
    """

    id = "T104"
    name = "authorizer-too-slow"
    severity = ERROR
    limits = (HTTP_API_AUTHORIZER_WAIT, REST_AUTHORIZER_WAIT)
    bad = {
        "HTTP API": _HTTP.replace("FUNCTION", "11"),
        "REST API": _REST.replace("FUNCTION", "30"),
        "OpenAPI body": _BODY.replace("FUNCTION", "30"),
    }
    good = {
        "HTTP API, within 10 s": _HTTP.replace("FUNCTION", "10"),
        "REST API, within 29 s": _REST.replace("FUNCTION", "29"),
    }
    undecided = {"timeout comes from elsewhere": _HTTP.replace("FUNCTION", "!ImportValue gate-timeout")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare each authorizer's timeout with what its API grants."""
        for edge in graph.edges_of("http-authorizer", "rest-authorizer", "websocket-authorizer"):
            timeout = edge.function.timeout
            assert edge.wait is not None
            for wait, runs, when in graph.known(edge.wait, timeout, given=edge.when):
                if runs <= wait:
                    continue
                message = (
                    f"{edge.label} is given {wait:g} s, but {edge.callee} may run {runs:g} s: the API answers with a 500 "
                    f"that names no cause, and the authorizer runs on for up to {runs - wait:g} s."
                )
                fix = f"Lower the authorizer's Timeout to <= {wait:g}."
                severity = ERROR if edge.kind == "http-authorizer" else WARNING
                yield self.finding(
                    timeout.place, message, fix=fix, path=edge.path, when=when, severity=severity
                )
