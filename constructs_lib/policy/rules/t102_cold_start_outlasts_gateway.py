"""T102 cold-start-outlasts-gateway."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.cold_starts import disbelief, may_start_cold
from constructs_lib.timeouts.inequalities import wait_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {Timeout: FUNCTION}
  Metadata: {constructs-lib: {init: 4}}
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
Integration:
  Type: AWS::ApiGatewayV2::Integration
  Properties: {ApiId: !Ref Api, IntegrationUri: !GetAtt Orders.Arn}
"""
_WARM = """
Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Orders}}
Live:
  Type: AWS::Lambda::Alias
  Properties:
    Name: live
    FunctionName: !Ref Orders
    FunctionVersion: !GetAtt Version.Version
    ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 5}
"""
_DECLARED = "budget: {init: 4, cold_starts: false}"
_RESERVED = _API.replace("!GetAtt Orders.Arn", "!Ref Live") + _WARM


class ColdStartOutlastsGateway(Rule):
    """The first request after a scale-out gets a 504, because a first init runs before the function's clock starts.

    ## Why is this bad?
    Most requests are answered and the alarms stay quiet, but whenever traffic grows, the requests that meet a cold start
    wait for init *and* for the function, longer than the gateway does. Their clients retry, which starts more
    environments.

    ## What to do
    Lower the function's timeout, shorten init, or make the gateway wait longer; or provision reserved concurrency to the
    last environment. With SnapStart, declare that no request meets an init:
    `Metadata: {constructs-lib: {cold_starts: false}}`. On other functions the declaration alone is not believed, because
    requests beyond what is warm start environments on demand.
    """

    id = "T102"
    name = "cold-start-outlasts-gateway"
    severity = ERROR
    bad = {
        "init and timeout exceed the wait": _API.replace("FUNCTION", "28"),
        "more than what is provisioned may run": _RESERVED.replace(
            "FUNCTION", "28, ReservedConcurrentExecutions: 6"
        ),
        "declaration that nothing bears out": _API.replace("FUNCTION", "28").replace("init: 4", _DECLARED),
    }
    good = {
        "init and timeout fit": _API.replace("FUNCTION", "25"),
        "margin of the budget itself": _API.replace("FUNCTION", "26").replace(
            "init: 4", "init: 4, margin: 0"
        ),
        "all of the reserve is provisioned": _RESERVED.replace(
            "FUNCTION", "28, ReservedConcurrentExecutions: 5"
        ),
        "restored from a snapshot": _API.replace(
            "FUNCTION", "28, SnapStart: {ApplyOn: PublishedVersions}"
        ).replace("init: 4", _DECLARED),
    }
    undecided = {
        "timeout comes from elsewhere": _API.replace("FUNCTION", "!ImportValue orders-timeout"),
        "reserve comes from elsewhere": _RESERVED.replace(
            "FUNCTION", "28, ReservedConcurrentExecutions: !ImportValue orders-reserve"
        ),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Add init and margin to the timeout; where the timeout alone is too long, T101 says so."""
        for edge in graph.edges_of("rest", "http", "websocket"):
            function = edge.function
            init = function.init
            if edge.wait is None or init is None:
                continue
            cold = may_start_cold(function)
            margin = function.declared("margin").default(graph.settings.margin).numbers()
            numbers = (edge.wait, function.timeout, margin, cold)
            for wait, runs, spare, is_cold, when in graph.known(*numbers, given=edge.when):
                bound = wait_above(runs, init, spare)
                if wait >= bound or wait <= runs or not is_cold:
                    continue
                message = (
                    f"{edge.label} waits {wait:g} s, but a cold start of {edge.callee} may take {init:g} s init "
                    f"({function.init_evidence}) + {runs:g} s timeout + {spare:g} s margin = {bound:g} s: the first "
                    f"request after a scale-out gets a 504.{disbelief(function)}"
                )
                most = wait - init - spare
                fix = (
                    f"Lower Timeout to <= {int(most)}" if most >= 1 else f"Shorten init by {bound - wait:g} s"
                )
                fix += f", or let the integration wait >= {bound:g} s."
                yield self.finding(edge.wait.place, message, fix=fix, path=edge.path, when=when)
