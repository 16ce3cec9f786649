"""The event loop of async handlers: one for the life of the sandbox, so that clients keep their connections.

After a task has blocked it until the main thread's guard struck, the loop is in no known state, and the next invocation gets
a new one.
"""

from __future__ import annotations

import asyncio

from constructs_lib.runtime import background

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.runtime.deadline import Deadline
    from constructs_lib.runtime.invocation import Work

_loop: asyncio.AbstractEventLoop | None = None


def run(doing: Work, deadline: Deadline) -> Any:
    """Run the work to its end, and what it left behind."""
    global _loop  # noqa: PLW0603 - one for the life of the sandbox
    if _loop is None:
        _loop = asyncio.new_event_loop()
    loop, finished = _loop, False
    try:
        reply = loop.run_until_complete(_guarded(doing, deadline))
        finished = True
    except Exception:
        finished = True
        raise
    finally:
        if not finished:  # interrupted somewhere inside of the loop
            _loop = None
            _abandon(loop)
    return reply


async def _guarded(doing: Work, deadline: Deadline) -> Any:
    try:
        async with deadline.guard():
            doing.begun = True
            reply = await doing.run_async()
    except Exception:
        await _cancel_others(deadline)
        raise
    if others := _others():
        await background.finish_tasks(others, deadline)
    return reply


def _others() -> set[asyncio.Task[Any]]:
    """Give the tasks that would go on in a later invocation."""
    return asyncio.all_tasks() - {asyncio.current_task()}


async def _cancel_others(deadline: Deadline) -> None:
    others = _others()
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=deadline.reserve / 3)


def _abandon(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined] # noqa: SLF001 - as asyncio's own gather does
    loop.close()
