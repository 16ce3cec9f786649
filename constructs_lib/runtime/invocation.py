"""One invocation from the event to the reply, whatever kind of handler it is.

In this order: a warm-up event is answered; the sandbox's telemetry counts; the correlation id is bound; the deadline begins,
and under it the handler runs; work that it left in the background is waited for. When the deadline ends the handler, the
kind of handler decides what the caller gets, and one line of the log says what ran. A side feature that fails is logged once
and does not take the request down.
"""

from __future__ import annotations

import logging
from functools import wraps

from constructs_lib.errors import DeadlineExceeded, RefusedError
from constructs_lib.runtime import background, calls, correlation, warm_up, watch
from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.guard import Guard
from constructs_lib.runtime.telemetry import sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread
    from typing import Any

_LOG = logging.getLogger("constructs_lib.runtime")
_COROUTINE, _ASYNC_GENERATOR = (
    0x80,
    0x200,
)  # inspect.CO_COROUTINE and CO_ASYNC_GENERATOR; inspect takes long to load


class Work:
    """What a handler does with one event; kinds of handlers differ in this.

    Args:
        function: the user's.
        event: Lambda's event.
        context: Lambda's context.
    """

    __slots__ = ("begun", "context", "event", "function")

    def __init__(self, function: Callable[..., Any], event: Any, context: Any) -> None:
        self.function, self.event, self.context = function, event, context
        self.begun = False

    def run(self) -> Any:
        """Do the work, and give the reply."""
        return self.function(self.event, self.context)

    async def run_async(self) -> Any:
        """Do the work of an ``async`` handler, and give the reply."""
        return await self.function(self.event, self.context)

    def late(self, error: DeadlineExceeded) -> tuple[str, Any]:
        """Say how a deadline that has passed is answered, and give the reply: by default it is Lambda's to retry."""
        raise error


def handler(
    function: Callable[..., Any], work: Callable[[Any, Any], Work], reserve: float | None
) -> Callable[[Any, Any], Any]:
    """Put everything around a handler function.

    Args:
        function: the user's, sync or async.
        work: makes the work of an event and a context.
        reserve: seconds kept for answering; None derives them.

    Raises:
        RefusedError: this is no function, or no reserve.
    """
    _refuse_unfit(function, reserve)
    run = _run_async if is_async(function) else _run

    @wraps(function)
    def handle(event: Any, context: Any) -> Any:
        warmed = warm_up.answer(event)
        if warmed is not None:
            return warmed
        sandbox.invoked(context)
        correlation.bind(event, context)
        deadline = Deadline.from_context(context, reserve)
        deadline.calls = calls.Calls(context)
        threads, doing = background.begin(), work(event, context)
        try:
            reply = run(doing, deadline)
        except DeadlineExceeded as error:
            return _late(doing, deadline, error, threads)
        background.finish(threads, deadline)
        return reply

    watch.start()
    sandbox.ready()
    return handle


def _refuse_unfit(function: object, reserve: object) -> None:
    if not callable(function):
        fix = "put the decorator above the function, its arguments by name: @api_handler(reserve=0.2)"
        raise RefusedError("handler decorator", got=repr(function), allowed="a function", fix=fix)
    known = isinstance(reserve, int | float) and not isinstance(reserve, bool) and reserve >= 0
    if reserve is not None and not known:
        fix = "leave it out: it then follows from the function's memory"
        raise RefusedError("handler decorator: reserve", got=repr(reserve), allowed="seconds >= 0", fix=fix)


def is_async(function: Callable[..., Any]) -> bool:
    """Tell whether a handler function, under what decorators there are, is a coroutine function or async generator."""
    while (inner := getattr(function, "__wrapped__", None) or getattr(function, "func", None)) is not None:
        function = inner  # what a decorator wraps, or functools.partial fills in
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return bool(code is not None and code.co_flags & (_COROUTINE | _ASYNC_GENERATOR))


def _run(doing: Work, deadline: Deadline) -> Any:
    with Guard(deadline):
        doing.begun = True
        return doing.run()


def _run_async(doing: Work, deadline: Deadline) -> Any:
    from constructs_lib.runtime import event_loop  # noqa: PLC0415 - asyncio takes long to load

    # For a task that blocks the loop. A third of the reserve is for the ordinary way, cancellation, to come first.
    with Guard(deadline, later=deadline.reserve / 3):
        return event_loop.run(doing, deadline)


def _late(doing: Work, deadline: Deadline, error: DeadlineExceeded, threads: list[Thread]) -> Any:
    """Answer for work that the deadline has ended, and write the log's line about it."""
    try:
        answered, reply = doing.late(error)
    except DeadlineExceeded:
        _log(deadline, error, threads, "answered with this error")
        raise
    _log(deadline, error, threads, answered)
    return reply


def _log(deadline: Deadline, error: DeadlineExceeded, threads: list[Thread], answered: str) -> None:
    try:
        still = [thread.name for thread in background.at_work(threads)]
        line = calls.timeout_line(deadline, error, answered, calls.where(error), threads_at_work=still)
        calls.write(line)
    except Exception:  # noqa: BLE001 - the log never takes the reply down
        _LOG.exception("the timeout log failed")
