"""Answers that many rules ask for, worked out once for each graph."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar, TypeVarTuple

    from constructs_lib.policy.graph import Graph

    Ts = TypeVarTuple("Ts")
    T = TypeVar("T")


def once(work_out: Callable[[Graph, *Ts], T]) -> Callable[[Graph, *Ts], T]:
    """Decorate a function of a graph, and of what it is asked about, so that it does its work once and keeps the answer.

    The answer is shared: callers must not change a list that they are given.
    """

    def answer(graph: Graph, *about: *Ts) -> T:
        key = (work_out, *about)
        if key not in graph.answers:
            graph.answers[key] = work_out(graph, *about)
        known: T = graph.answers[key]
        return known

    answer.__doc__ = work_out.__doc__
    return answer
