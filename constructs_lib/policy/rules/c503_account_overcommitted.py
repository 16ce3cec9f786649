"""C503 account-overcommitted."""

from __future__ import annotations

from constructs_lib.limits import ACCOUNT_CONCURRENCY, UNRESERVED_CONCURRENCY_MIN
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.capacity import accounts, claims

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTIONS = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5, ReservedConcurrentExecutions: ORDERS}}
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 5, ReservedConcurrentExecutions: WORKER}}
Report: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Live:
  Type: AWS::Lambda::Alias
  Properties:
    Name: live
    FunctionName: !Ref Report
    FunctionVersion: "1"
    ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 50}
"""


def _functions(orders: str, worker: str) -> str:
    return _FUNCTIONS.replace("ORDERS", orders).replace("WORKER", worker)


class AccountOvercommitted(Rule):
    """The functions together reserve more than their account has.

    ## Why is this bad?
    Lambda keeps at least 100 concurrent executions of every account unreserved. The function whose reserve no longer fits
    fails in deployment, which rolls back; in a new account, whose limit may be far lower, already the first one does.

    ## What to do
    Reserve less, or raise the account's limit and say so in the settings (`account_concurrency`). Provisioned concurrency
    counts too where its function reserves nothing. What other stacks of the account reserve comes on top.
    """

    id = "C503"
    name = "account-overcommitted"
    severity = WARNING
    limits = (ACCOUNT_CONCURRENCY, UNRESERVED_CONCURRENCY_MIN)
    bad = {
        "two reserves": _functions("500", "401"),
        "a reserve and provisioned concurrency": _functions("851", "!Ref AWS::NoValue"),
        "one unknown, the other alone too much": _functions("901", "!ImportValue reserve"),
    }
    good = {"100 left": _functions("500", "350")}
    undecided = {"one imported": _functions("500", "!ImportValue reserve")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Add up, account by account, what functions take out of the unreserved concurrency."""
        limit = float(graph.settings.account_concurrency)
        most = limit - UNRESERVED_CONCURRENCY_MIN
        for group in accounts(graph.functions.values()):
            found = [(function, claim) for function in group for claim in claims(graph, function)]
            for *amounts, when in graph.known(*(claim for _, claim in found)):
                total = sum(amounts)
                if total <= most:
                    continue
                terms = [
                    (n, function, claim) for n, (function, claim) in zip(amounts, found, strict=True) if n
                ]
                terms.sort(key=lambda term: -term[0])
                listed = " + ".join(f"{amount:g} of {function.name}" for amount, function, _ in terms)
                message = (
                    f"{listed} = {total:g} concurrent executions are set aside, but the account has {limit:g} and keeps "
                    f"{float(UNRESERVED_CONCURRENCY_MIN):g} unreserved: the deployment fails at whatever exceeds {most:g}."
                )
                fix = f"Reserve {total - most:g} less in all, or set account_concurrency to the account's limit if it is higher."
                path = tuple(dict.fromkeys(function.id for _, function, _ in terms))
                yield self.finding(terms[0][2].place, message, fix=fix, path=path, when=when)
