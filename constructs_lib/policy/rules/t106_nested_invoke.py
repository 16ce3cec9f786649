"""T106 nested-invoke."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.timeouts.inequalities import callee_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Edge, Graph
    from constructs_lib.policy.values import Value

_SHOP = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {Timeout: CALLER}
  Metadata: {constructs-lib: {invokes: [{function: Prices, DECLARED}]}}
Prices:
  Type: AWS::Lambda::Function
  Properties: {Timeout: 20}
  Metadata: {constructs-lib: {init: 4}}
"""
_PLAIN = _SHOP.replace("DECLARED", "attempts: 1")


class NestedInvoke(Rule):
    """A function waits for another that may take longer than it has itself.

    ## Why is this bad?
    The outer function is killed while the inner one still works; both are billed, and the outer one's caller retries. A
    client whose read timeout is too short does the same and calls the inner function again beside the first invocation.

    ## What to do
    Give the outer function more time than a cold start and a whole run of the inner one, and its client a read timeout
    between the two; better, hand the work over asynchronously or through a workflow.

    ## Known limits
    The call is known from `Metadata: {constructs-lib: {invokes: [...]}}`, not from the code. A read timeout that is not
    declared is not assumed to be botocore's 60 s, because other clients have none.
    """

    id = "T106"
    name = "nested-invoke"
    severity = ERROR
    bad = {
        "callee runs longer": _PLAIN.replace("CALLER", "15"),
        "callee's cold start does not fit": _PLAIN.replace("CALLER", "24"),
        "client gives up first": _SHOP.replace("CALLER", "60").replace("DECLARED", "read: 20, attempts: 1"),
        "attempts do not fit": _SHOP.replace("CALLER", "60").replace("DECLARED", "read: 25, attempts: 3"),
    }
    good = {
        "all fit": _SHOP.replace("CALLER", "60").replace("DECLARED", "read: 25, attempts: 2"),
        "no client declared": _PLAIN.replace("CALLER", "25"),
    }
    undecided = {"timeout comes from elsewhere": _PLAIN.replace("CALLER", "!ImportValue orders-timeout")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare caller and client with init and timeout of the callee (H8)."""
        for edge in graph.edges_of("invoke"):
            yield from self._caller(graph, edge)
            if edge.wait is not None:
                yield from self._client(graph, edge, edge.wait)

    def _caller(self, graph: Graph, edge: Edge) -> Iterator[Finding]:
        timeout = graph.functions[edge.source].timeout
        assert edge.details is not None
        attempts = edge.details.get("attempts").default(1.0).numbers()
        for has, runs, tries, when in graph.known(timeout, edge.function.timeout, attempts, given=edge.when):
            one = callee_above(edge.function.init or 0, runs)
            if has > tries * one:
                continue
            times = f" in each of {tries:g} attempts" if tries > 1 else ""
            message = (
                f"{edge.label} may run {has:g} s and waits for {edge.callee}, which may take {one:g} s"
                f"{_sum(edge, runs)}{times}: it is killed while {edge.callee} still works, and both are billed."
            )
            fix = (
                f"Raise the caller's Timeout to > {tries * one:g} s, or invoke {edge.callee} asynchronously."
            )
            yield self.finding(timeout.place, message, fix=fix, path=edge.path, when=when)

    def _client(self, graph: Graph, edge: Edge, read: Value) -> Iterator[Finding]:
        for wait, runs, when in graph.known(read, edge.function.timeout, given=edge.when):
            one = callee_above(edge.function.init or 0, runs)
            if wait > one:
                continue
            message = (
                f"The client of {edge.label} reads for {wait:g} s, but {edge.callee} may take {one:g} s{_sum(edge, runs)}: "
                "the client gives up, and every retry starts another invocation beside the first."
            )
            fix = f"Raise the client's read timeout to > {one:g} s."
            yield self.finding(read.place, message, fix=fix, path=edge.path, when=when)


def _sum(edge: Edge, runs: float) -> str:
    init = edge.function.init
    return f" ({init:g} s init + {runs:g} s timeout)" if init else ""
