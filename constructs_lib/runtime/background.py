"""Work that would outlive the reply: waited for within the deadline, or an error.

Once a handler has returned, Lambda freezes the sandbox: a thread or task that still runs stops in the middle, and goes on,
perhaps, in some later invocation, its connections long dead. So work that the invocation began has to be finished before
the reply. Threads that only wait for orders, like the workers of a ``ThreadPoolExecutor`` that is kept, may stay.
"""

from __future__ import annotations

import logging
import sys
import threading
from math import inf

from constructs_lib.errors import UnfinishedWorkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Iterable
    from types import FrameType
    from typing import Any

    from constructs_lib.runtime.deadline import Deadline

_LOG = logging.getLogger("constructs_lib.runtime")
# Where a thread stands, innermost, while it waits for orders: a condition or an event, an executor's queue, a selector.
_IDLE = {
    ("concurrent.futures.thread", "_worker"),
    ("constructs_lib.runtime.watch", "wait"),
    ("selectors", "select"),
    ("threading", "wait"),
}
_FIRST_LOOK, _LONGEST_LOOK = 0.001, 0.02  # seconds between looks at whether threads are done


def begin() -> list[threading.Thread]:
    """Note which threads run before the handler does."""
    return threading.enumerate()


def at_work(before: Iterable[threading.Thread]) -> list[threading.Thread]:
    """Give the threads that were started since, and have something to do."""
    known = set(before)
    started = [thread for thread in threading.enumerate() if thread not in known]
    if not started:
        return []
    frames = sys._current_frames()  # noqa: SLF001 - documented, and there is no other way
    return [thread for thread in started if _works(thread, frames)]


def finish(before: Iterable[threading.Thread], deadline: Deadline) -> None:
    """Wait for the threads that the handler has left at work.

    Raises:
        UnfinishedWorkError: some are still at work at the deadline.
    """
    left = at_work(before)
    if not left:
        return
    _LOG.warning("the handler returned while %s at work; the reply waits for that", _said(left))
    pause = _FIRST_LOOK
    while left and not deadline.expired:
        left[0].join(min(pause, deadline.remaining()))
        pause = min(2 * pause, _LONGEST_LOOK)
        left = at_work(before)
    if left:
        raise unfinished(_said(left))


async def finish_tasks(tasks: Iterable[Task[Any]], deadline: Deadline) -> None:
    """Wait for the tasks that the handler has left at work; cancel what is not done at the deadline.

    Raises:
        UnfinishedWorkError: some were not done.
    """
    from asyncio import wait  # noqa: PLC0415 - loaded by whoever has a task

    left = deadline.remaining()
    _, pending = await wait(tasks, timeout=None if left == inf else left)
    if not pending:
        return
    for task in pending:
        task.cancel()
    await wait(pending, timeout=deadline.reserve / 3)
    raise unfinished(", ".join(f"task {task.get_name()!r}" for task in pending) + " were")


def unfinished(what: str) -> UnfinishedWorkError:
    """Say what was left undone, and what to do."""
    fix = "wait for it in the handler (join, shutdown, await), or hand the work to a queue"
    message = f"the handler returned while {what} at work, and that was not done by the deadline; fix: {fix}"
    return UnfinishedWorkError(message)


def _works(thread: threading.Thread, frames: dict[int, FrameType]) -> bool:
    if isinstance(thread, threading.Timer):
        return True  # waits, but for its hour, and not for orders
    frame = frames.get(thread.ident or 0)
    return frame is None or (frame.f_globals.get("__name__"), frame.f_code.co_name) not in _IDLE


def _said(threads: list[threading.Thread]) -> str:
    names = ", ".join(f"thread {thread.name!r}" for thread in threads)
    return f"{names} {'was' if len(threads) == 1 else 'were'}"
