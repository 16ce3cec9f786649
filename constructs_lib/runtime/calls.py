"""What an invocation called, how long each call took, and the one line that says so when a deadline has passed."""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from time import gmtime, monotonic, strftime

from constructs_lib.runtime.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_KEPT = 50  # calls in the line; CloudWatch takes 256 KB, a reader much less
_FRAMES = 25


class Calls:
    """The last calls of one invocation, from all of its threads."""

    __slots__ = ("count", "last")

    def __init__(self) -> None:
        self.count = 0
        self.last: deque[downstream] = deque(maxlen=_KEPT)


class downstream:  # noqa: N801 - reads as the verb it is: with downstream("orders-table")
    """Notes a downstream call: that it runs, how long it took, how it ended. Begins no call after the deadline.

    Args:
        name: what is called, as the budget names it.

    Raises:
        DeadlineExceeded: the deadline has passed.

    Example:
        >>> with downstream("orders-table"):
        ...     pass
    """

    __slots__ = ("_began", "_ended", "_outcome", "name")

    def __init__(self, name: str) -> None:
        self.name = name

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
        self._outcome = "ok" if kind is None else kind.__name__
        self._ended = monotonic()

    def entry(self, now: float) -> dict[str, object]:
        """Give the call as the log has it."""
        seconds = round((self._ended or now) - self._began, 3)
        return {"call": self.name, "seconds": seconds, "outcome": self._outcome}


def timeout_line(
    deadline: Deadline, error: BaseException, answered: str, context: object, **more: object
) -> str:
    """Lay out what the person at 3 a.m. wants to know, as one JSON line: what ran, and how long each call took.

    Args:
        deadline: the invocation's.
        error: what its guard raised.
        answered: what the caller was told.
        context: Lambda's context.
        more: further fields, e.g. the correlation id.
    """
    now = monotonic()
    calls = deadline.calls
    line = {
        "timestamp": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
        "level": "ERROR",
        "message": f"{error}; {answered}",
        "event": "deadline_exceeded",
        "aws_request_id": getattr(context, "aws_request_id", None),
        "function_name": os.environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        **more,
        "answered": answered,
        "worked_seconds": round(now - deadline.began, 3),
        "left_seconds": round(deadline.end + deadline.reserve - now, 3),
        "calls": [call.entry(now) for call in calls.last] if calls else [],
        "calls_in_all": calls.count if calls else 0,
        "interrupted_at": where(error),
    }
    return json.dumps(line, separators=(",", ":"), default=str)


def write(line: str) -> None:
    """Write one line, in one piece, where Lambda takes logs from."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def where(error: BaseException) -> list[str]:
    """Give the places that were at work when the deadline passed, outermost first; none where the work had not begun."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    own = os.path.dirname(__file__)  # noqa: PTH120 - pathlib would be a tenth of the import
    root = os.environ.get("LAMBDA_TASK_ROOT", "") + os.sep
    found, trace = [], cause.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not code.co_filename.startswith(own):
            found.append(f"{code.co_filename.removeprefix(root)}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-_FRAMES:]
