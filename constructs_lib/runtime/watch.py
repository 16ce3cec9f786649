"""Says what holds the main thread when an alarm cannot end it, while there is still time to say so.

Code of an extension module that waits without the interpreter, such as a query in libpq or SQLite, is not ended by the guard,
and Lambda kills the sandbox: with nothing in the log but the time-out. So a thread of its own waits for the alarm, too.
The C part of Python's signal handling wakes it by a byte in a pipe, whatever the main thread does; if the guard's block
is still there when two thirds of the reserve have passed, it writes the line of the log that the main thread cannot.
An invocation that ends in time never wakes it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from threading import Thread, current_thread, main_thread

from constructs_lib.runtime import calls, guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_started = False


def start() -> None:
    """Start the thread, once in a process of Lambda's; nothing if somebody else has the pipe of the signals."""
    global _started  # noqa: PLW0603 - one for the life of the sandbox
    if _started or "AWS_LAMBDA_RUNTIME_API" not in os.environ or current_thread() is not main_thread():
        return
    _started = True
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    earlier = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    if earlier != -1:
        signal.set_wakeup_fd(earlier)
        os.close(reading)
        os.close(writing)
        return
    Thread(target=wait, args=(reading,), name="constructs-lib-watch", daemon=True).start()


def wait(reading: int) -> None:
    """Wait for signals for as long as the sandbox lives."""
    # The alarm is to interrupt the main thread's system call; a process that was stopped may give it to any thread.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    while os.read(reading, 64):
        held = guard.passed()
        if held is None:
            continue
        time.sleep(max(held.end + held.deadline.reserve * 2 / 3 - time.monotonic(), 0))
        if guard.passed() is held:
            _say(held)
            while guard.passed() is held:  # once is enough
                time.sleep(held.again)


def _say(held: guard.Guard) -> None:
    found = list(_frames(sys._current_frames().get(main_thread().ident or 0)))  # noqa: SLF001 - documented
    answered = "not answered: the main thread is in code that no signal interrupts, give its client a timeout"
    calls.write(calls.timeout_line(held.deadline, held.deadline.statement(), answered, calls.places(found)))


def _frames(frame: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    """Give the frames from the outermost to the innermost, each with its line."""
    if frame is not None:
        yield from _frames(frame.f_back)
        yield frame, frame.f_lineno
