"""Functions that say, in their metadata, which other functions they invoke."""

from __future__ import annotations

from constructs_lib.policy.graph import SYNC, Edge, Target
from constructs_lib.policy.values.cases import one
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from functions to those that they invoke: ``"invokes": ["Logical id", ...]``.

    An entry may also be ``{"function": id or ARN, "read": seconds, "attempts": number}`` with what the client was given.
    """
    for function in graph.functions.values():
        invokes = function.budget.get("invokes")
        for entry in invokes if type(invokes) is list else ():
            yield from _invoke(graph, function, entry)


def _invoke(graph: Graph, function: Function, entry: object) -> Iterator[Edge]:
    details = entry if isinstance(entry, dict) and "function" in entry else {"function": entry}
    named, place = details.get("function"), function.resource.place
    stack = function.resource.stack
    value = Value(stack.resolve(named), place, stack)
    wait = Value(stack.resolve(details["read"]), place, stack).numbers() if "read" in details else None
    sibling = stack.resources.get(named) if isinstance(named, str) else None
    if sibling in graph.functions:
        targets = [Target(graph.functions[sibling], None, (), ())]
    else:
        targets = list(graph.invoked(value))
    for target in targets:
        label = f"function {function.name}"
        declared = Value(one(details), place, stack)
        yield Edge("invoke", SYNC, function.resource, target, place, label=label, wait=wait, details=declared)
