"""C504 throttle-over-concurrency."""

from __future__ import annotations

from itertools import chain

from constructs_lib.limits import ACCOUNT_CONCURRENCY
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.capacity import Concurrency
from constructs_lib.policy.services.throttles import throttles
from constructs_lib.policy.services.usage_plans import throttles_of_plans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 10, ReservedConcurrentExecutions: RESERVED}}
Api: {Type: AWS::ApiGateway::RestApi}
GetOrders:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    HttpMethod: GET
    Integration: {Type: AWS_PROXY, Uri: !Sub "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Orders.Arn}/invocations"}
Live:
  Type: AWS::ApiGateway::Stage
  Properties: {RestApiId: !Ref Api, MethodSettings: [{HttpMethod: "*", ResourcePath: "/*", ThrottlingRateLimit: RATE}]}
"""
_HTTP = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 29}}
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: !GetAtt Orders.Arn}}
Live: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: live, DefaultRouteSettings: {ThrottlingRateLimit: 100}}}
"""
_PLAN = """
Plan:
  Type: AWS::ApiGateway::UsagePlan
  Properties: {Throttle: {RateLimit: 21, BurstLimit: 5}, ApiStages: [{ApiId: !Ref Api, Stage: !Ref Live}]}
"""


def _api(rate: str, reserved: str = "!Ref AWS::NoValue") -> str:
    return _API.replace("RATE", rate).replace("RESERVED", reserved)


def _keyed(rate: str) -> str:
    return _api(rate, "200").replace("HttpMethod: GET", "HttpMethod: GET\n    ApiKeyRequired: true") + _PLAN


class ThrottleOverConcurrency(Rule):
    """The gateway lets more requests through than the function can take.

    ## Why is this bad?
    Requests per second times seconds per request are executions at the same time. When the function slows down to its
    timeout, Lambda throttles: callers get errors that the gateway's throttle should have answered with a clean 429 and,
    without a reserve, every other function of the account is throttled as well.

    ## What to do
    Lower the rate to concurrency / timeout, shorten the timeout, or reserve more.
    """

    id = "C504"
    name = "throttle-over-concurrency"
    severity = WARNING
    limits = (ACCOUNT_CONCURRENCY,)
    bad = {
        "over the reserve": _api("30", "200"),
        "over the account": _api("101"),
        "HTTP API": _HTTP,
        "one key of a plan": _keyed("!Ref AWS::NoValue"),
        "one key of a plan, in production alone": _keyed("!If [IsProd, !Ref AWS::NoValue, 20]"),
    }
    good = {
        "within the reserve": _api("20", "200"),
        "within the account": _api("100"),
        "plan above its stage's own rate": _keyed("20"),
        "switched off": _api("20", "0"),
    }
    undecided = {"rate imported": _api("!ImportValue rate")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Multiply each rate with its function's timeout and hold it against the concurrency."""
        concurrency = Concurrency(graph)
        for each in chain(throttles(graph), throttles_of_plans(graph)):
            function, available = each.function, concurrency.available(each.function)
            for rate, runs, most, when in graph.known(
                each.rate, function.timeout, available, given=each.when
            ):
                if rate * runs <= most or most == 0:
                    continue
                message = (
                    f"{each.label} lets {rate:g} requests/s through to {function.name}, which may take {runs:g} s for each: "
                    f"{rate:g} x {runs:g} = {rate * runs:g} at once, but {most:g} can run. From {most / runs:.3g} slow requests/s on "
                    "Lambda answers 429 (TooManyRequestsException), and callers see errors."
                )
                fix = f"Lower {each.rate.place.keys[-1]} to <= {int(most / runs)}, or shorten the Timeout."
                yield self.finding(each.rate.place, message, fix=fix, path=each.path, when=when)
