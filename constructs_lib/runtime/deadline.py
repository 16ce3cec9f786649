"""How long this invocation may still work: :class:`Deadline`.

The deadline is the function's timeout less a reserve, which is kept for answering: unwinding the work, writing the timeout
log, handing the reply over. Lambda's context counts on the wall clock, which may be set meanwhile; the deadline reads it
once and counts on by the monotonic clock.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from math import inf
from time import monotonic

from constructs_lib.errors import DeadlineExceeded, RefusedError
from constructs_lib.runtime.budget import Budget
from constructs_lib.runtime.clients import Waits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from botocore.config import Config

    from constructs_lib.runtime.calls import Calls
    from constructs_lib.runtime.guard import Guard

# The reserve: what answering takes of one whole processor, with room to spare, and what no processor makes faster. A
# function of less memory has so much less of a processor; `make bench` measures both ends.
_ANSWER = 0.015
_LATENCY = 0.05
_MEMORY_OF_ONE_CPU = 1769  # MB; lambda/latest/dg/configuration-memory
_LARGEST_SHARE = 0.1  # of the time there is, so that a short timeout is for working, too

_CONNECT = 1.0  # seconds for connecting where the budget says nothing, as in TimeoutBudget's Call
_LONGEST_READ = 60.0  # where nothing bounds a call: botocore's own default (botocore endpoint.py)


class Deadline:
    """A moment until which work may go on, on the monotonic clock.

    Args:
        seconds: from now until the work is ended by force; ``math.inf`` for never.
        reserve: seconds of these that are kept for answering, >= 0.

    Raises:
        RefusedError: a reserve that is negative.

    Example:
        >>> deadline = Deadline(2.0, reserve=0.5)
        >>> 1.4 < deadline.remaining() <= 1.5, deadline.expired
        (True, False)
        >>> with deadline.guard():
        ...     answer = 6 * 7
    """

    __slots__ = ("began", "calls", "end", "reserve")

    calls: Calls | None
    """What was called in the invocation, for its timeout log; None outside one."""

    def __init__(self, seconds: float, *, reserve: float = 0.0) -> None:
        if not reserve >= 0:
            fix = "leave it out: it then follows from the function's memory"
            raise RefusedError("Deadline: reserve", got=reserve, allowed="seconds >= 0", fix=fix)
        self.began = monotonic()
        self.end = self.began + seconds - reserve
        self.reserve = reserve
        self.calls = None

    @classmethod
    def from_context(cls, context: object, reserve: float | None = None) -> Deadline:
        """Make the deadline of an invocation.

        Args:
            context: Lambda's context. One that has no clock, as a mock in a unit test, leaves the budget's function timeout; with
                no budget either, the deadline never comes.
            reserve: seconds kept for answering; None derives it: 65 ms with a whole processor (1,769 MB), more with
                less memory (257 ms with 128 MB), and never more than a tenth of the time there is.

        Raises:
            RefusedError: a reserve that is negative.
        """
        clock = getattr(context, "get_remaining_time_in_millis", None)
        left = None if clock is None else clock()
        # Anything else is a mock's, which stands for no time.
        seconds = max(left / 1000, 0.0) if isinstance(left, int | float) else _of_budget()
        return cls(seconds, reserve=derived_reserve(seconds) if reserve is None else reserve)

    @staticmethod
    def current() -> Deadline | None:
        """Give the deadline of the innermost guard around this code; None outside any.

        A thread that was started inside the main thread's guard finds that guard's deadline.
        """
        return innermost.get() or of_invocation

    def remaining(self) -> float:
        """Give the seconds in which work may still go on, 0 when the deadline has passed."""
        return max(self.end - monotonic(), 0.0)

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.end <= monotonic()

    def check(self) -> None:
        """Stop here if the deadline has passed: for worker threads and long loops, which no guard interrupts.

        Raises:
            DeadlineExceeded: it has passed.
        """
        if self.expired:
            raise DeadlineExceeded(self.statement())

    def statement(self) -> str:
        """Say when the deadline passed, or that it has not."""
        now = monotonic()
        if now < self.end:
            return f"the deadline is {self.end - now:.3f} s ahead"
        after = f"the deadline passed {self.end - self.began:.3f} s after the work began"
        if self.calls is not None and (cut := self.calls.cut()):
            after = f"{after}, during {cut}"
        return f"{after}; {max(self.end + self.reserve - now, 0):.3f} s are left to answer"

    def within(self, seconds: float) -> Deadline:
        """Give a deadline for a part of the work: so many seconds from now, and no later than this one.

        Example:
            >>> Deadline(10).within(0.5).remaining() <= 0.5
            True
        """
        part = Deadline(min(seconds, self.remaining()))
        part.reserve, part.calls = self.reserve, self.calls
        return part

    def guard(self) -> Guard:
        """Give a context manager that ends its block at the deadline, for ``with`` and for ``async with``.

        See :mod:`constructs_lib.runtime.guard` for what it does where.
        """
        from constructs_lib.runtime.guard import Guard  # noqa: PLC0415 - it needs this module

        return Guard(self)

    def waits(self, name: str | None = None) -> Waits:
        """Give waits for a downstream call that fit into the remaining time (H5).

        Args:
            name: the call's name in the budget, whose waits are cut to what is left. None, for what the budget does not
                have: one attempt that may take all of the remaining time.

        Raises:
            DeadlineExceeded: no time is left.
            RefusedError: there is no budget, or it has no such call.

        Example:
            >>> waits = Deadline(3.0).waits()
            >>> waits.connect, waits.attempts, waits.worst_case <= 3.0
            (1.0, 1, True)
        """
        left = self.remaining()
        if left < 0.002:  # noqa: PLR2004 - a millisecond each to connect and to read
            raise DeadlineExceeded(self.statement())
        if name is not None:
            from constructs_lib.runtime.budget import waits  # noqa: PLC0415 - hides this method's name otherwise

            return waits(name).within(left)
        return Waits("downstream", connect=_CONNECT, read=_LONGEST_READ).within(left)

    def botocore_config(self, name: str | None = None, **others: Any) -> Config:
        """Give the ``config`` of a boto3 client that fits into the remaining time; see :meth:`waits`.

        Args:
            name: the call's name in the budget.
            others: further arguments of ``botocore.config.Config``.
        """
        return self.waits(name).botocore_config(**others)

    def __repr__(self) -> str:
        """Show what is left."""
        return f"Deadline(remaining={self.remaining():.3f}, reserve={self.reserve:.3f})"


innermost: ContextVar[Deadline | None] = ContextVar("constructs_lib.deadline", default=None)
of_invocation: Deadline | None = None
"""That of the main thread's outermost guard: a sandbox handles one event at a time."""


def derived_reserve(seconds: float) -> float:
    """Derive what to keep for answering from the function's memory and the time there is.

    Example:
        >>> round(derived_reserve(10), 3), round(derived_reserve(0.2), 3)
        (0.065, 0.02)
    """
    if seconds == inf:
        return 0.0
    memory = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or _MEMORY_OF_ONE_CPU)
    share = max(_MEMORY_OF_ONE_CPU / memory, 1.0)
    return min(_LATENCY + _ANSWER * share, _LARGEST_SHARE * seconds)


def _of_budget() -> float:
    budget = Budget.current()
    return inf if budget is None or budget.function is None else budget.function
