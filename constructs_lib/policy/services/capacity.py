"""Concurrency as a budget: what functions claim of their account's, and what is left for one of them."""

from __future__ import annotations

from constructs_lib.policy.services.event_sources import limited_readers, maximum_concurrency
from constructs_lib.policy.values.cases import Case, Unknown, one
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph


def accounts(functions: Iterable[Function]) -> list[list[Function]]:
    """Group functions by the account and region that they are known to run in, or by not being known."""
    found: dict[tuple[str | None, ...], list[Function]] = {}
    for function in functions:
        known = function.resource.stack.template.environment
        found.setdefault((known.get("AWS::AccountId"), known.get("AWS::Region")), []).append(function)
    return list(found.values())


def surely(graph: Graph, value: Value) -> Value:
    """Read an amount as what is certain of it: 0 where it is absent, and 0, noted, where it is unknown."""
    graph.note_unknown(value)
    known = value.default(0.0)
    cases = tuple(Case(0.0, case.when) if isinstance(case.data, Unknown) else case for case in known.cases)
    return Value(cases, value.place, None)


def claims(graph: Graph, function: Function) -> list[Value]:
    """List what a function takes out of its account's concurrency: its reserve, else what it keeps warm."""
    if not function.reserved.is_absent:
        return [surely(graph, function.reserved)]
    return [surely(graph, each.amount) for each in function.provisioned]


class Concurrency:
    """How many of each function may run at once, given what the others set aside."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._left: dict[Function, float] = {}
        for group in accounts(graph.functions.values()):
            taken = {function: _least(claims(graph, function)) for function in group}
            total = sum(taken.values())
            for function in group:
                others = total - taken[function]
                self._left[function] = max(float(graph.settings.account_concurrency) - others, 0.0)

    def available(self, function: Function) -> Value:
        """Say how many may run at most: the function's reserve, or what the account's others leave it."""
        return function.reserved.default(self._left[function])

    def at_once(self, function: Function) -> Value:
        """Say how many run at most: what is available, or what queues let through if nothing else invokes it."""
        readers = limited_readers(self._graph, function)
        if not function.reserved.is_absent or not readers or len(readers) < len(function.callers):
            return self.available(function)
        counts = [maximum_concurrency(reader) for reader in readers]
        known = [count.only for count in counts]
        several = Unknown("the MaximumConcurrency of a mapping is not known")
        return Value(one(several if None in known else float(sum(known))), counts[0].place, None)


def _least(amounts: Iterable[Value]) -> float:
    return float(sum(min(case.data for case in amount.cases) for amount in amounts))
