"""The smallest changes that make a broken budget hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from constructs_lib.limits import LAMBDA_TIMEOUT_MAX, REST_REGIONAL_WAIT, SQS_VISIBILITY_MAX
from constructs_lib.timeouts.derivation import SECOND, CallNumbers, Numbers, derive, patience, unbounded_read
from constructs_lib.timeouts.inequalities import init_below, wait_above
from constructs_lib.timeouts.proof import prove, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_N = TypeVar("_N", Numbers, CallNumbers)

TERMS = (
    "gateway", "integration", "init", "function", "work", "margin", "batch_window", "visibility", "task", "in_progress",
)  # fmt: skip

_LATEST = 24 * 3600 * SECOND  # no wait is looked for beyond a day
_DERIVABLE = ("integration", "function", "work", "visibility", "task", "in_progress")


def mend(given: Numbers) -> list[str]:
    """List the smallest changes, each of which makes all inequalities hold by itself.

    Where no single number does, the same is tried with every derivable number left to be derived, and then with init
    brought under its limit too.
    """
    if singles := [f"{name} {old} -> {new}" for name, old, new in _changes(given)]:
        return singles
    freed = replace(
        given, integration=None, function=None, work=None, visibility=None, task=None, in_progress=None
    )
    if unbounded_read(freed):
        freed = replace(freed, function=given.function, work=given.work)
    dropped = [name.replace("_", " ") for name in _DERIVABLE if getattr(given, name) != getattr(freed, name)]
    start = f"leave {' and '.join(dropped)} to be derived" if dropped else ""
    if dropped and _holds(freed):
        return [start]
    cooler = replace(freed, init=min(freed.init, int(init_below(0, warm=freed.warm) * SECOND) - 1))
    for base, preface in ((freed, start), (cooler, f"{start}, " * bool(start) + _init_change(given, cooler))):
        if found := [
            f"{preface}, and {name} {old} -> {new}".removeprefix(", and ")
            for name, old, new in _changes(base)
        ]:
            return found
    return []


def _init_change(given: Numbers, cooler: Numbers) -> str:
    return f"init {text(given.init)} -> {text(cooler.init)}"


def _changes(given: Numbers) -> Iterator[tuple[str, str, str]]:
    """Give each number that is given with the nearest value that makes everything hold, if there is one."""
    for name in TERMS:
        value = getattr(given, name)
        if value is not None and (new := _nearest(given, name, value)) is not None:
            note = f"  (over API Gateway's default {REST_REGIONAL_WAIT})" if _over_default(name, new) else ""
            yield name.replace("_", " "), text(value), text(new) + note
    for index, call in enumerate(given.calls):
        for part in ("connect", "read", "backoff", "attempts"):
            value = getattr(call, part)
            if value is not None and (new := _nearest_of_call(given, index, part, value)) is not None:
                write = str if part == "attempts" else text
                yield f"{part} of {call.name}", write(value), write(new)


def _over_default(name: str, value: int) -> bool:
    return name in {"gateway", "integration"} and value > REST_REGIONAL_WAIT * SECOND


def _nearest(given: Numbers, name: str, value: int) -> int | None:
    step = SECOND if name in {"function", "visibility", "task", "in_progress"} else 1
    low, high = _span(given, name, value)
    return _search(lambda new: _holds(_with(given, name, new)), value, low, high, step)


def _span(given: Numbers, name: str, value: int) -> tuple[int, int]:
    """Name the ends between which a better value may lie; beyond them another inequality breaks."""
    if name == "function":
        wait = patience(given)
        before = int(wait_above(0, given.init, given.margin, cold_starts=given.cold_starts))
        longest = (
            int(LAMBDA_TIMEOUT_MAX) * SECOND
            if wait is None
            else -(-(wait - before) // SECOND) * SECOND - SECOND
        )
        shortest = derive(replace(given, function=None, gateway=None, integration=None)).function
        return min(shortest, value), max(longest, value)
    if name == "integration":
        return min(value, given.gateway or value), given.gateway or _LATEST
    if name == "work":
        derived = derive(given)
        return min(value, derived.calls_worst_case), max(value, derived.function - derived.init - 1)
    if name == "visibility":
        return value, int(SQS_VISIBILITY_MAX) * SECOND
    if name in {"gateway", "task", "in_progress"}:
        return value, _LATEST
    return 0, value


def _nearest_of_call(given: Numbers, index: int, part: str, value: int) -> int | None:
    call = given.calls[index]
    low = 0 if part == "backoff" else 1
    high = value
    if part == "read" and call.callee is not None:
        low = high = call.callee + 1
        low, high = min(low, value), max(high, value)

    def holds(new: int) -> bool:
        changed = _with(call, part, new)
        return _holds(replace(given, calls=(*given.calls[:index], changed, *given.calls[index + 1 :])))

    return _search(holds, value, low, high, 1)


def _with(numbers: _N, name: str, value: int) -> _N:
    return replace(numbers, **{name: value})  # type: ignore[arg-type]  # every name that comes here holds an int


def _holds(given: Numbers) -> bool:
    return all(step.holds for step in prove(given, derive(given)))


def _search(holds: Callable[[int], bool], value: int, low: int, high: int, step: int) -> int | None:
    """Find the value nearest to ``value`` that holds, given that one of the ends holds if any value does."""
    for end in (low, high):
        if end == value or not holds(end):
            continue
        good, bad = 0, abs(end - value) // step  # steps away from the end that holds
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if holds(end + middle * step * _towards(end, value)) else (good, middle)
        return end + good * step * _towards(end, value)
    return None


def _towards(end: int, value: int) -> int:
    return 1 if value > end else -1
