"""T101 gateway-gives-up-first."""

from __future__ import annotations

from math import ceil

from constructs_lib.limits import HTTP_API_WAIT, REST_REGIONAL_WAIT, WEBSOCKET_WAIT
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.timeouts.inequalities import wait_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: FUNCTION}}
Api: {Type: AWS::ApiGateway::RestApi}
GetOrders:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    HttpMethod: GET
    Integration:
      Type: AWS_PROXY
      TimeoutInMillis: 10000
      Uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Orders.Arn}/invocations
"""
_QUICK = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: FUNCTION}}
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: !GetAtt Orders.Arn}}
"""


class GatewayGivesUpFirst(Rule):
    """The gateway stops waiting while the function may still run.

    ## Why is this bad?
    The caller gets a 504, the function keeps running and billing, and neither its error handling nor its dead-letter
    queue ever matters. Clients retry, and every retry starts the work again.

    ## What to do
    Make the integration wait longer than the function may run, or the function's timeout shorter than the integration.
    """

    id = "T101"
    name = "gateway-gives-up-first"
    severity = ERROR
    limits = (REST_REGIONAL_WAIT, HTTP_API_WAIT, WEBSOCKET_WAIT)
    bad = {
        "function runs longer than the method waits": _API.replace("FUNCTION", "60"),
        "alias chosen by a stage variable": _API.replace("FUNCTION", "10").replace(
            "${Orders.Arn}", "${Orders.Arn}:${!stageVariables.alias}"
        ),
        "HTTP API's own integration": _QUICK.replace("FUNCTION", "30"),
    }
    good = {
        "function ends first": _API.replace("FUNCTION", "9"),
        "gateway that does not wait": _API.replace(
            "FUNCTION", "60, DeadLetterConfig: {TargetArn: !ImportValue failed-orders}"
        ).replace(
            "AWS_PROXY",
            """AWS
      RequestParameters: {integration.request.header.X-Amz-Invocation-Type: "'Event'"}""",
        ),
        "HTTP API's own integration, within 30 s": _QUICK.replace("FUNCTION", "29"),
    }
    undecided = {
        "timeout comes from elsewhere": _API.replace("FUNCTION", "!ImportValue orders-timeout"),
        "stage variable names the function": _API.replace("FUNCTION", "60").replace(
            "${Orders.Arn}", "${!stageVariables.orders}"
        ),
        "streamed response without a timeout": _API.replace("FUNCTION", "60").replace(
            "TimeoutInMillis: 10000", "ResponseTransferMode: STREAM"
        ),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare how long each gateway waits with how long its function may run."""
        for edge in graph.edges_of("rest", "http", "websocket"):
            timeout = edge.function.timeout
            if edge.wait is None:
                continue
            for wait, runs, when in graph.known(edge.wait, timeout, given=edge.when):
                if wait > wait_above(runs, 0, 0, cold_starts=False):
                    continue
                after = (
                    f"the function runs on for up to {runs - wait:g} s"
                    if runs > wait
                    else "the function's answer comes too late"
                )
                message = f"{edge.label} waits {wait:g} s for {edge.callee}, which may run {runs:g} s: the caller gets a 504 and {after}."
                fix = f"{_raise(edge.kind, runs)}ower Timeout to <= {ceil(wait) - 1}."
                yield self.finding(edge.wait.place, message, fix=fix, path=edge.path, when=when)


def _raise(kind: str, runs: float) -> str:
    """Offer a longer wait only where the gateway can be told one; a REST API's limit is a quota, the others are not."""
    if kind == "rest":
        return f"Raise the integration to > {runs:g} s (Regional limit {REST_REGIONAL_WAIT}) or l"
    limit = HTTP_API_WAIT if kind == "http" else WEBSOCKET_WAIT
    return f"Raise the integration to > {runs:g} s (limit {limit}) or l" if runs < limit else "L"
