"""C502 warm-over-reserve."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.values.text import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5, ReservedConcurrentExecutions: RESERVED}}
Live:
  Type: AWS::Lambda::Alias
  Properties:
    Name: live
    FunctionName: !Ref Orders
    FunctionVersion: "1"
    ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 3}
Beta:
  Type: AWS::Lambda::Alias
  Properties:
    Name: beta
    FunctionName: !Ref Orders
    FunctionVersion: "2"
    ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 3}
"""


class WarmOverReserve(Rule):
    """More environments are to be kept warm than the function may ever have.

    ## Why is this bad?
    The provisioned concurrency of all aliases and versions together must fit into the reserved concurrency; otherwise the
    deployment fails half-way and rolls back.

    ## What to do
    Raise the reserve, or provision less.
    """

    id = "C502"
    name = "warm-over-reserve"
    severity = ERROR
    bad = {"two aliases together": _FUNCTION.replace("RESERVED", "5")}
    good = {"reserve covers both": _FUNCTION.replace("RESERVED", "6")}
    undecided = {"reserve imported": _FUNCTION.replace("RESERVED", "!ImportValue orders-reserve")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Add up what is provisioned for each function and hold it against its reserve."""
        for function in graph.functions.values():
            warm, reserved = function.provisioned, function.reserved
            if not warm or reserved.is_absent:
                continue
            for reserve, *amounts, when in graph.known(reserved, *(each.amount for each in warm)):
                total = sum(amounts)
                if total <= reserve:
                    continue
                names = [show(each.qualifier).strip("<>") for each in warm]
                terms = " + ".join(
                    f"{amount:g} on {name}" for amount, name in zip(amounts, names, strict=True)
                )
                message = (
                    f"{function.name} reserves {reserve:g} concurrent executions but provisions {terms} = {total:g}: the "
                    "deployment fails."
                )
                fix = f"Raise ReservedConcurrentExecutions to >= {total:g} or provision {total - reserve:g} less."
                path = (*(each.resource.id for each in warm), function.id)
                yield self.finding(reserved.place, message, fix=fix, path=path, when=when)
