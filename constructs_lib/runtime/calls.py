"""What an invocation called, how long each call took, and the one line that says so when a deadline has passed."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import deque
from time import gmtime, monotonic, strftime

from constructs_lib.runtime import correlation
from constructs_lib.runtime.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

_LOG = logging.getLogger("constructs_lib.runtime")
_KEPT = 50  # calls in the line; CloudWatch takes 256 KB, a reader much less
_FRAMES = 25
_CUT = {"Interrupt": "interrupted", "CancelledError": "cancelled"}


class Calls:
    """The last calls of one invocation, from all of its threads.

    Args:
        context: Lambda's context of it.
    """

    __slots__ = ("context", "count", "last")

    def __init__(self, context: object) -> None:
        self.context = context
        self.count = 0
        self.last: deque[downstream] = deque(maxlen=_KEPT)

    def cut(self) -> str:
        """Name the calls that had not ended by themselves, each with its time: ``prices (0.835 s)``."""
        now = monotonic()
        entries = [call.entry(now) for call in list(self.last)]
        unended = ("running", *_CUT.values())
        return ", ".join(f"{e['call']} ({e['seconds']} s)" for e in entries if e["outcome"] in unended)


class downstream:  # noqa: N801 - reads as the verb it is: with downstream("orders-table")
    """Notes a downstream call: that it runs, how long it took, how it ended. Begins no call after the deadline.

    Args:
        name: what is called, as the budget names it.
        on_cut: what to do with the client if the deadline ends the call in the middle, usually to close its connection: one
            that has been asked and not read may be of no more use (psycopg), or give the answer to the next question.
            boto3, httpx and urllib3 see to that themselves, and so does redis-py with ``redis_options()``.

    Raises:
        DeadlineExceeded: the deadline has passed.

    Example:
        >>> with downstream("orders-table"):
        ...     pass
    """

    __slots__ = ("_began", "_ended", "_on_cut", "_outcome", "name")

    def __init__(self, name: str, *, on_cut: Callable[[], object] | None = None) -> None:
        self.name, self._on_cut = name, on_cut

    def __enter__(self) -> None:
        """Begin the call."""
        self._began = monotonic()
        self._ended: float | None = None
        self._outcome = "running"
        deadline = Deadline.current()
        if deadline is None:
            return
        deadline.check()
        if deadline.calls is not None:
            deadline.calls.count += 1
            deadline.calls.last.append(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the call."""
        self._outcome = "ok" if kind is None else _CUT.get(kind.__name__, kind.__name__)
        self._ended = monotonic()
        if self._on_cut is not None and kind is not None and not issubclass(kind, Exception):
            try:
                self._on_cut()
            except Exception:  # noqa: BLE001 - what a user's client raises must not hide the deadline
                _LOG.exception("what is to be done when %r is cut failed", self.name)

    def entry(self, now: float) -> dict[str, object]:
        """Give the call as the log has it."""
        seconds = round((self._ended or now) - self._began, 3)
        return {"call": self.name, "seconds": seconds, "outcome": self._outcome}


def timeout_line(deadline: Deadline, what: object, answered: str, at: list[str], **more: object) -> str:
    """Lay out what the person at 3 a.m. wants to know, as one JSON line: what ran, and how long each call took.

    Args:
        deadline: the invocation's.
        what: what happened, in one sentence.
        answered: what the caller was told.
        at: the places that were at work, outermost first.
        more: further fields.
    """
    now = monotonic()
    calls = deadline.calls
    line = {
        "timestamp": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
        "level": "ERROR",
        "message": f"{what}; {answered}",
        "event": "deadline_exceeded",
        "aws_request_id": getattr(calls.context, "aws_request_id", None) if calls else None,
        "correlation_id": correlation.current(),
        "function_name": os.environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        "answered": answered,
        "worked_seconds": round(now - deadline.began, 3),
        "left_seconds": round(deadline.end + deadline.reserve - now, 3),
        "calls": [call.entry(now) for call in list(calls.last)] if calls else [],
        "calls_in_all": calls.count if calls else 0,
        "interrupted_at": at,
        **more,
    }
    return json.dumps(line, separators=(",", ":"), default=str)


def write(line: str) -> None:
    """Write one line, in one piece, where Lambda takes logs from."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def where(error: BaseException) -> list[str]:
    """Give the places that an error came from, outermost first: none where the work had not begun."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    found, trace = [], cause.__traceback__
    while trace is not None:
        found.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return places(found)


def places(frames: list[tuple[FrameType, int]]) -> list[str]:
    """Name frames as people do, ``app.py:12 handler``, without this library's own and the runtime client's."""
    root = os.environ.get("LAMBDA_TASK_ROOT", "") + os.sep
    codes = [(frame.f_code, line) for frame, line in frames if not _is_plumbing(frame)]
    return [f"{code.co_filename.removeprefix(root)}:{line} {code.co_name}" for code, line in codes][-_FRAMES:]


def _is_plumbing(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__"))
    return name.startswith(("constructs_lib.runtime.", "awslambdaric.", "runpy")) or name == "__main__"
