"""From the numbers that are given to all numbers, in whole milliseconds.

Milliseconds, because then no sum is decided by a rounding error, and because API Gateway's own unit is one. What AWS
takes in whole seconds (function, visibility, workflow task, in-progress time) is rounded to the side on which its
inequality still holds. :func:`derive` never refuses: it fills in the tightest numbers there are, and whether they fit
together is the business of ``proof``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from constructs_lib.limits import LAMBDA_TIMEOUT_MAX, LAMBDA_TIMEOUT_MIN
from constructs_lib.timeouts.inequalities import (
    call_worst_case,
    callee_above,
    function_above,
    visibility_at_least,
    wait_above,
)

SECOND = 1_000  # milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNumbers:
    """A downstream call in milliseconds; ``read`` is None while it is still to be derived."""

    name: str
    connect: int
    read: int | None
    attempts: int
    backoff: int
    callee: int | None  # H8: init and timeout of the function that is invoked

    @property
    def worst_case(self) -> int:
        """H5's term for this call; a read that is still to be derived counts as the shortest there is."""
        read = 1 if self.read is None else self.read
        return int(call_worst_case(self.connect, read, self.attempts, self.backoff))


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A budget in milliseconds. None means "to be derived", or for ``gateway`` that nobody waits."""

    gateway: int | None
    init: int
    margin: int
    batch_window: int
    calls: tuple[CallNumbers, ...]
    cold_starts: bool
    warm: bool
    integration: int | None = None
    function: int | None = None
    work: int | None = None
    visibility: int | None = None
    task: int | None = None
    in_progress: int | None = None

    @property
    def calls_worst_case(self) -> int:
        """H5's right side: the sum over all calls."""
        return sum(call.worst_case for call in self.calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(Numbers):
    """A budget with every number filled in; only ``gateway`` and ``integration`` are None where nobody waits."""

    function: int
    work: int
    visibility: int
    task: int
    in_progress: int


def derive(given: Numbers) -> Derived:
    """Fill in every number that is not given, as tight as the inequalities accept."""
    function = _function(given) if given.function is None else given.function
    calls = _with_reads(given, function)
    integration = given.integration
    if integration is None and given.gateway is not None:
        integration = int(wait_above(function, given.init, given.margin, cold_starts=given.cold_starts)) + 1
    return Derived(
        gateway=given.gateway,
        init=given.init,
        margin=given.margin,
        batch_window=given.batch_window,
        calls=calls,
        cold_starts=given.cold_starts,
        warm=given.warm,
        integration=integration,
        function=function,
        work=sum(call.worst_case for call in calls) if given.work is None else given.work,
        visibility=_or(
            given.visibility, _whole_at_least(int(visibility_at_least(function, given.batch_window)))
        ),
        task=_or(given.task, _whole_above(int(callee_above(given.init, function)))),
        in_progress=_or(given.in_progress, _whole_above(function)),
    )


def patience(numbers: Numbers) -> int | None:
    """How long somebody waits for the function: the integration's timeout where given, else the gateway's."""
    return numbers.gateway if numbers.integration is None else numbers.integration


def unbounded_read(given: Numbers) -> str | None:
    """Name a call whose read timeout is open while nothing bounds it: no gateway, no function, no work."""
    if (given.gateway, given.function, given.work) != (None, None, None):
        return None
    return next((call.name for call in given.calls if call.read is None and call.callee is None), None)


def _function(given: Numbers) -> int:
    """Choose the longest whole second that the caller allows or, with no caller, the shortest that covers the work."""
    wait = patience(given)
    if wait is None:
        work = _with_callee_reads(given).calls_worst_case if given.work is None else given.work
        seconds = _whole_above(int(function_above(given.init, work)))
    else:
        before = int(wait_above(0, given.init, given.margin, cold_starts=given.cold_starts))
        seconds = _whole_at_least(wait - before) - SECOND
    return min(max(seconds, int(LAMBDA_TIMEOUT_MIN) * SECOND), int(LAMBDA_TIMEOUT_MAX) * SECOND)


def _with_reads(given: Numbers, function: int) -> tuple[CallNumbers, ...]:
    """Share what the handler has left equally among the calls whose read timeout is open, 1 ms at the least."""
    numbers = _with_callee_reads(given)
    open_attempts = sum(call.attempts for call in numbers.calls if call.read is None)
    if not open_attempts:
        return numbers.calls
    room = function - given.init - 1 if given.work is None else given.work
    fixed = sum(call.worst_case - call.attempts * (call.read is None) for call in numbers.calls)
    read = max((room - fixed) // open_attempts, 1)
    return tuple(replace(call, read=read) if call.read is None else call for call in numbers.calls)


def _with_callee_reads(given: Numbers) -> Numbers:
    """Let a client that invokes a function wait just longer than that function may take (H8)."""
    calls = tuple(
        replace(call, read=call.callee + 1) if call.read is None and call.callee is not None else call
        for call in given.calls
    )
    return replace(given, calls=calls)


def _or(given: int | None, derived: int) -> int:
    return derived if given is None else given


def _whole_at_least(milliseconds: int) -> int:
    return -(-milliseconds // SECOND) * SECOND


def _whole_above(milliseconds: int) -> int:
    return (milliseconds // SECOND + 1) * SECOND
