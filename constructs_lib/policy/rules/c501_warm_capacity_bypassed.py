"""C501 warm-capacity-bypassed."""

from __future__ import annotations

from constructs_lib.policy.function import LATEST
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.values.text import show, why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Edge, Graph

_API = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Orders}}
Live:
  Type: AWS::Lambda::Alias
  Properties:
    Name: live
    FunctionName: !Ref Orders
    FunctionVersion: !GetAtt Version.Version
    ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 5}
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
Integration:
  Type: AWS::ApiGatewayV2::Integration
  Properties: {ApiId: !Ref Api, IntegrationUri: FUNCTION}
"""


class WarmCapacityBypassed(Rule):
    """Provisioned concurrency is paid for, and the callers invoke something else.

    ## Why is this bad?
    Provisioned concurrency belongs to one alias or version. A caller that uses the bare function invokes `$LATEST`, meets
    every cold start, and the warm environments idle on the bill.

    ## What to do
    Let the caller invoke the alias that has the capacity.
    """

    id = "C501"
    name = "warm-capacity-bypassed"
    severity = ERROR
    bad = {"API invokes the bare function": _API.replace("FUNCTION", "!GetAtt Orders.Arn")}
    good = {
        "API invokes the alias": _API.replace("FUNCTION", "!Ref Live"),
        "API invokes the alias by name": _API.replace("FUNCTION", '!Sub "${Orders.Arn}:live"'),
    }
    undecided = {
        "qualifier imported": _API.replace(
            "FUNCTION", "!Join [':', [!GetAtt Orders.Arn, !ImportValue stage]]"
        )
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare the qualifier of each edge with those that have provisioned concurrency."""
        for edge in graph.edges:
            warm = edge.function.provisioned
            if not warm or edge.kind == "custom" or not _bypasses(graph, edge):
                continue
            names = ", ".join(f"{edge.function.name}:{show(each.qualifier).strip('<>')}" for each in warm)
            used = show(edge.qualifier or LATEST).strip("<>")
            message = (
                f"{edge.label} invokes {edge.callee}, which is {used}, but the provisioned concurrency "
                f"is on {names}: its callers meet cold starts while the warm capacity idles and is billed."
            )
            yield self.finding(
                edge.at, message, fix=f"Invoke {names} instead.", path=edge.path, when=edge.when
            )


def _bypasses(graph: Graph, edge: Edge) -> bool:
    function, used = edge.function, edge.qualifier or LATEST
    reason = why_unknown(used) if used not in function.versions else None
    if reason:
        graph.coverage.undecided(edge.at, reason)
        return False
    named = {each.qualifier for each in function.provisioned}
    return used not in named and function.behind(used) not in map(function.behind, named)
