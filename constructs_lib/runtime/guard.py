"""What ends a block of work at its deadline: ``with deadline.guard(): ...``, from three places to stand.

*The main thread*, where Lambda runs handlers. A timer (``setitimer``, SIGALRM) interrupts whatever runs, sleeps and blocked
reads included: system calls return to the interpreter when a signal comes (PEP 475), and the handler then raises
:class:`Interrupt`. That is a ``KeyboardInterrupt``, because it means just that and libraries know what to do: urllib3 and
httpx drop the connection they were reading from, so does redis-py with our settings, asyncio lets it out of its loop, and an
``except Exception`` does not swallow it. (What a client does not see to itself is for ``downstream(..., on_cut=...)``.)
At the end of the block it becomes a :class:`DeadlineExceeded`, an ordinary error of which the interruption, or whatever the
block made of it, is the cause. Code that swallows the interruption all the same is interrupted again, every third of the
reserve. Only the code of an extension module that goes on waiting after a signal cannot be ended so, psycopg's for
instance; its own timeouts must (:mod:`constructs_lib.runtime.clients`).

*A task*, by ``async with``: the task is cancelled and the cancellation taken back at the end of the block, as
``asyncio.timeout`` does it. A task that blocks the event loop is not ended by that; the handlers' decorators put a guard of
the main thread around the whole loop, which comes a little later.

*Another thread*: nothing interrupts it. Python could only raise an exception there between two bytecodes, at a moment that
nobody controls, so not in a blocked read and possibly after the block. Threads ask instead: entering a guard or
``downstream`` and :meth:`Deadline.check` raise when the deadline has passed.

Guards nest; each ends its own block. Outside of the outermost one a timer and a handler of SIGALRM that were there before
are back in their place, the timer less the time that has passed; inside, they are served when they are due.
"""

from __future__ import annotations

import signal
from math import inf
from threading import get_ident, main_thread
from time import monotonic

from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime import deadline as _deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Timeout
    from contextvars import Token
    from types import FrameType, TracebackType
    from typing import Any

    from constructs_lib.runtime.deadline import Deadline

_AT_ONCE = 0.0005  # seconds; a timer of 0 would be none
_LEAST_AGAIN = 0.01
# Functions that take a lock or let it go. Interrupted there, a lock would stay held for the life of the sandbox: those of
# urllib3's pools, of queue, of logging. They take microseconds; one that takes longer waits for a lock, and is interrupted.
_HOLDS = {"__enter__", "__exit__", "acquire", "release"}
_PATIENCE = 4  # alarms, half a millisecond apart


class Interrupt(KeyboardInterrupt):
    """The deadline of a guard's block has passed; never seen outside of the block."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        super().__init__("the deadline has passed")


class Guard:
    """Ends its block at the deadline; see the module's text.

    Raises:
        DeadlineExceeded: the deadline has passed: before the block, which is then not entered, or inside of it.

    Example:
        >>> import time
        >>> from constructs_lib.runtime.deadline import Deadline
        >>> with Deadline(0.05).guard():
        ...     time.sleep(60)
        Traceback (most recent call last):
        constructs_lib.errors.DeadlineExceeded: the deadline passed 0.050 s after the work began; 0.000 s are left to answer
    """

    __slots__ = (
        "_outer", "_timeout", "_token", "again", "deadline", "end", "forced", "interrupted", "patience",
    )  # fmt: skip

    def __init__(self, deadline: Deadline, *, later: float = 0.0) -> None:
        self.deadline = deadline
        self.end = deadline.end + later
        self.again = max(deadline.reserve / 3, _LEAST_AGAIN)
        self.forced = self.interrupted = False
        self.patience = _PATIENCE

    def __enter__(self) -> Deadline:
        """Begin the block, unless the deadline has passed."""
        self.deadline.check()
        self._token: Token[Any] = _deadline.innermost.set(self.deadline)
        if get_ident() == main_thread().ident:
            self._outer = _deadline.of_invocation
            _deadline.of_invocation = self._outer or self.deadline
            self.forced = True  # by the timer, which is the main thread's alone
            _arm(self)
        return self.deadline

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the block; what it was interrupted with becomes an ordinary error."""
        # From here on an alarm does nothing: its handler sees this frame.
        if self.forced:
            if not _disarm(self):
                return
            _deadline.of_invocation = self._outer
        _deadline.innermost.reset(self._token)
        if self.forced and self._stands_for(error):
            raise _exceeded(self.deadline, error) from error

    def _stands_for(self, error: BaseException | None) -> bool:
        """Tell whether the end of the block is this guard's to report: not another guard's, nor a wish to exit."""
        if isinstance(error, Interrupt):
            # The outermost takes any: that of a generator's guard may strike while the generator rests.
            return error.guard is self or self._outer is None
        return self.interrupted and (error is None or isinstance(error, Exception))

    async def __aenter__(self) -> Deadline:
        """Begin the block of a task, unless the deadline has passed."""
        from asyncio import get_running_loop, timeout_at  # noqa: PLC0415 - loaded by whoever has a task

        self.deadline.check()
        end = None if self.end == inf else get_running_loop().time() + self.end - monotonic()
        self._timeout: Timeout = timeout_at(end)
        await self._timeout.__aenter__()
        self._token = _deadline.innermost.set(self.deadline)
        return self.deadline

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the block; the cancellation that the deadline caused becomes an ordinary error."""
        if isinstance(error, GeneratorExit):
            return  # its loop was given up, and what is left of the task is collected, wherever that may be
        _deadline.innermost.reset(self._token)
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise _exceeded(self.deadline, error) from error
        if self._timeout.expired() and isinstance(
            error, Exception
        ):  # what the block made of its cancellation
            raise _exceeded(self.deadline, error) from error


def _exceeded(deadline: Deadline, error: BaseException | None) -> DeadlineExceeded:
    """Make the error, with the interrupted work in its traceback: Lambda's log shows that, and no causes."""
    return DeadlineExceeded(deadline.statement()).with_traceback(
        None if error is None else error.__traceback__
    )


# The main thread's guards, outermost first, and what had the timer and the signal before them.
_guards: list[Guard] = []
_earlier: tuple[Any, float, float] = (None, inf, 0.0)  # handler, when its timer is due, the timer's interval
_OWN = globals()


def _arm(guard: Guard) -> None:
    if guard.end == inf:
        return
    if not _guards:
        _take_over()
    _guards.append(guard)
    _wind()


def _disarm(guard: Guard) -> bool:
    """Take a guard off, and those inside of it; tells whether it was still on: one around it may have been left before."""
    if guard.end == inf:
        return True
    if guard not in _guards:
        return False
    del _guards[_guards.index(guard) :]
    if _guards:
        _wind()
    else:
        _give_back()
    return True


def _take_over() -> None:
    global _earlier  # noqa: PLW0603 - there is one timer in a process
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    _earlier = (signal.signal(signal.SIGALRM, _on_alarm), monotonic() + left if left else inf, interval)


def _give_back() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    handler, due, interval = _earlier
    if handler is not None:  # None: it was not set from Python, and cannot be from here
        signal.signal(signal.SIGALRM, handler)
    if due < inf:
        signal.setitimer(signal.ITIMER_REAL, max(due - monotonic(), _AT_ONCE), interval)


def _wind() -> None:
    """Set the timer to whatever comes first; it repeats until someone sets it anew, so that no alarm is lost for good."""
    due = min([guard.end for guard in _guards] + [_earlier[1]])
    signal.setitimer(
        signal.ITIMER_REAL, max(due - monotonic(), _AT_ONCE), min(guard.again for guard in _guards)
    )


def _on_alarm(number: int, frame: FrameType | None) -> None:
    """End the outermost block whose deadline has passed; runs in the main thread, between two bytecodes."""
    if frame is not None and frame.f_code is _on_alarm.__code__:
        return  # an alarm that came while another is handled; the timer repeats
    _serve_earlier(number, frame)
    late = passed()
    if late is None:
        if _guards:
            _wind()
    elif frame is not None and _is_half_done(frame, late):
        signal.setitimer(signal.ITIMER_REAL, _AT_ONCE, late.again)
    else:
        late.interrupted, late.patience = True, _PATIENCE
        raise Interrupt(late)


def _is_half_done(frame: FrameType, late: Guard) -> bool:
    """Tell whether a guard, or for a moment a lock, is just being taken or let go: an exception would leave it half so."""
    if frame.f_globals is _OWN:
        return True
    late.patience -= 1
    return late.patience >= 0 and frame.f_code.co_name in _HOLDS


def passed() -> Guard | None:
    """Give the main thread's outermost guard whose deadline has passed and whose block is still at work."""
    now = monotonic()
    return next((guard for guard in _guards if guard.end <= now), None)


def _serve_earlier(number: int, frame: FrameType | None) -> None:
    """Call the handler that was there before the guards, if its timer is due."""
    global _earlier  # noqa: PLW0603 - there is one timer in a process
    handler, due, interval = _earlier
    if due <= (now := monotonic()):
        _earlier = (handler, now + interval if interval else inf, interval)
        if callable(handler):
            handler(number, frame)
