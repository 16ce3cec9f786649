"""C502 warm-over-reserve."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.scaling import most_kept_warm, scaled
from constructs_lib.policy.values.text import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5, ReservedConcurrentExecutions: RESERVED}}
Live:
  Type: AWS::Lambda::Alias
  Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: "1", ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 3}}
Beta:
  Type: AWS::Lambda::Alias
  Properties: {Name: beta, FunctionName: !Ref Orders, FunctionVersion: "2", ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 3}}
"""
_SCALING = """
Scaling:
  Type: AWS::ApplicationAutoScaling::ScalableTarget
  Properties: {MinCapacity: 1, MaxCapacity: 9, ResourceId: !Sub "function:${Orders}:live"}
"""


class WarmOverReserve(Rule):
    """More environments are to be kept warm than the function may ever have.

    ## Why is this bad?
    The provisioned concurrency of all aliases and versions together must fit into the reserved concurrency; otherwise the
    deployment fails half-way and rolls back. What scaling may add must fit too, or it stops when it is needed most.

    ## What to do
    Raise the reserve, or provision less.
    """

    id = "C502"
    name = "warm-over-reserve"
    severity = ERROR
    bad = {
        "two aliases together": _FUNCTION.replace("RESERVED", "5"),
        "scaling goes beyond it": _FUNCTION.replace("RESERVED", "11") + _SCALING,
    }
    good = {
        "reserve covers both": _FUNCTION.replace("RESERVED", "6"),
        "reserve covers what scaling may add": _FUNCTION.replace("RESERVED", "12") + _SCALING,
    }
    undecided = {"reserve imported": _FUNCTION.replace("RESERVED", "!ImportValue orders-reserve")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Add up what is provisioned for each function, or may be by scaling, and hold it against its reserve."""
        scaling = scaled(graph)
        for function in graph.functions.values():
            reserved, warm = function.reserved, most_kept_warm(graph, function, scaling.get(function, []))
            if not warm or reserved.is_absent:
                continue
            for reserve, *amounts, when in graph.known(reserved, *warm.values()):
                total = sum(amounts)
                if total <= reserve:
                    continue
                terms = " + ".join(
                    f"{n:g} on {show(name).strip('<>')}" for name, n in zip(warm, amounts, strict=True)
                )
                message = (
                    f"{function.name} reserves {reserve:g} concurrent executions but provisions {terms} = {total:g}: "
                    "Lambda refuses what exceeds the reserve, in deployment or when it is to scale."
                )
                fix = f"Raise ReservedConcurrentExecutions to >= {total:g} or provision {total - reserve:g} less."
                path = (*(each.resource.id for each in function.provisioned), function.id)
                yield self.finding(reserved.place, message, fix=fix, path=path, when=when)
