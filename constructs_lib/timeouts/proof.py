"""The proof of a budget: the inequalities that apply to it, one step each, with their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs_lib.timeouts.derivation import SECOND, Derived, Numbers, patience
from constructs_lib.timeouts.inequalities import (
    callee_above,
    function_above,
    init_below,
    visibility_at_least,
    wait_above,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Step:
    """One inequality with its numbers: ``bigger`` must exceed ``smaller`` by at least ``by`` (milliseconds)."""

    id: str
    statement: str
    arithmetic: str
    bigger: int
    smaller: int
    by: int = 1

    @property
    def spare(self) -> int:
        """By how many milliseconds the one exceeds the other; negative is what is missing."""
        return self.bigger - self.smaller

    @property
    def holds(self) -> bool:
        """Whether the inequality is true."""
        return self.spare >= self.by


def prove(given: Numbers, derived: Derived) -> list[Step]:
    """State every inequality that applies to this budget, H1 to H9."""
    return [*_waiting(given, derived), *_inside(derived), *_behind(derived)]


def _waiting(given: Numbers, d: Derived) -> Iterator[Step]:
    wait = patience(given)
    if wait is None:
        return
    name = "gateway" if given.integration is None else "integration"
    if given.integration is not None and given.gateway is not None:
        both = f"{text(given.gateway)} >= {text(wait)}"
        yield Step("H1", "gateway >= integration", both, given.gateway, wait, by=0)
    yield Step("H1", f"{name} > function", f"{text(wait)} > {text(d.function)}", wait, d.function)
    if d.cold_starts:
        bound = int(wait_above(d.function, d.init, d.margin))
        terms = f"{text(d.init)} + {text(d.function)} + {text(d.margin)} = {text(bound)}"
        yield Step("H2", f"{name} > init + function + margin", f"{text(wait)} > {terms}", wait, bound)


def _inside(d: Derived) -> Iterator[Step]:
    bound = int(function_above(d.init, d.work))
    terms = f"{text(d.init)} + {text(d.work)} = {text(bound)}"
    yield Step("H3", "function > init + work", f"{text(d.function)} > {terms}", d.function, bound)
    most = int(init_below(d.function / SECOND, warm=d.warm) * SECOND)
    limit = "max(130, function)" if d.warm else "10"
    yield Step("H4", f"init < {limit}", f"{text(d.init)} < {text(most)}", most, d.init)
    if d.calls:
        calls = d.calls_worst_case
        terms = " + ".join(text(call.worst_case) for call in d.calls)
        total = f" = {text(calls)}" if len(d.calls) > 1 else ""
        yield Step("H5", "work >= sum of calls", f"{text(d.work)} >= {terms}{total}", d.work, calls, by=0)


def _behind(d: Derived) -> Iterator[Step]:
    least = int(visibility_at_least(d.function, d.batch_window))
    terms = f"6 x {text(d.function)} + {text(d.batch_window)} = {text(least)}"
    yield Step(
        "H6",
        "visibility >= 6 x function + batch window",
        f"{text(d.visibility)} >= {terms}",
        d.visibility,
        least,
        by=0,
    )
    bound = int(callee_above(d.init, d.function))
    terms = f"{text(d.init)} + {text(d.function)} = {text(bound)}"
    yield Step("H7", "task > init + function", f"{text(d.task)} > {terms}", d.task, bound)
    for call in d.calls:
        if call.callee is not None and call.read is not None:
            waits = f"{text(call.read)} > {text(call.callee)}"
            yield Step("H8", f"read of {call.name} > its init + function", waits, call.read, call.callee)
    lasts = f"{text(d.in_progress)} > {text(d.function)}"
    yield Step("H9", "in progress > function", lasts, d.in_progress, d.function)


def text(milliseconds: int) -> str:
    """Write milliseconds as seconds, without trailing zeros.

    Example:
        >>> text(28_500), text(4_000)
        ('28.5', '4')
    """
    return f"{milliseconds / SECOND:.3f}".rstrip("0").rstrip(".")
