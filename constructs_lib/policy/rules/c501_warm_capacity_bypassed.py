"""C501 warm-capacity-bypassed."""

from __future__ import annotations

from constructs_lib.policy.function import LATEST
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.scaling import kept_warm, scaled
from constructs_lib.policy.values.text import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Orders}}
Live: {Type: AWS::Lambda::Alias, Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: !GetAtt Version.Version, WARM}}
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: TARGET}}
"""
_WARM = "ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 5}"
_SCALING = """
Scaling: {Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {MinCapacity: 2, ResourceId: !Sub "function:${Orders}:live"}}
"""


def _api(target: str, warm: str = _WARM) -> str:
    return _API.replace("TARGET", target).replace("WARM", warm or "Description: cold")


class WarmCapacityBypassed(Rule):
    """Provisioned concurrency is paid for, and the callers invoke something else.

    ## Why is this bad?
    Provisioned concurrency belongs to one alias or version; that of a version serves its aliases too. A caller that uses the bare function invokes `$LATEST`, meets
    every cold start, and the warm environments idle on the bill.

    ## What to do
    Let the caller invoke the alias that has the capacity.
    """

    id = "C501"
    name = "warm-capacity-bypassed"
    severity = ERROR
    bad = {
        "API invokes the bare function": _api("!GetAtt Orders.Arn"),
        "API invokes another alias": _api('!Sub "${Orders.Arn}:beta"'),
        "alias kept warm by scaling": _api("!GetAtt Orders.Arn", "") + _SCALING,
        "API invokes the version behind the alias": _api("!Ref Version"),
    }
    good = {
        "API invokes the alias": _api("!Ref Live"),
        "API invokes the alias by name": _api('!Sub "${Orders.Arn}:live"'),
        "API invokes the alias taken apart": _api(
            '!Join [":", [!Select [6, !Split [":", !Ref Live]], live]]'
        ),
        "nothing is kept warm": _api("!GetAtt Orders.Arn", ""),
    }
    undecided = {
        "qualifier imported": _api("!Join [':', [!GetAtt Orders.Arn, !ImportValue stage]]"),
        "alias named by an import": _api("!Sub '${Orders.Arn}:live'").replace(
            "Name: live", "Name: !ImportValue stage"
        ),
        "qualifier from a stage variable": _api("!Sub '${Orders.Arn}:${!stageVariables.alias}'"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare the qualifier of each edge with those that are kept warm."""
        scaling = scaled(graph)
        for edge in graph.edges:
            function, used = edge.function, edge.qualifier or LATEST
            if edge.kind == "custom":  # runs in deployments only
                continue
            for warm, when in kept_warm(graph, function, scaling.get(function, []), edge.when):
                if reason := function.unclear(used):
                    graph.coverage.undecided(edge.at, reason)
                elif used not in warm and function.behind(used) not in warm:
                    if reason := next(
                        filter(None, map(function.unclear, warm if edge.qualifier else ())), None
                    ):
                        graph.coverage.undecided(edge.at, reason)
                        continue
                    names = ", ".join(f"{function.name}:{show(each).strip('<>')}" for each in warm)
                    latest = "" if edge.qualifier else f", which is {LATEST}"
                    message = f"{edge.label} invokes {edge.callee}{latest}, but the provisioned concurrency is on {names}: its callers meet cold starts while the warm capacity idles and is billed."
                    fix = f"Invoke {names} instead."
                    yield self.finding(edge.at, message, fix=fix, path=edge.path, when=when)
