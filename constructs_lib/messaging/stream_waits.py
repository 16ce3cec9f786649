"""How long a stream's records may wait: the age at which Lambda gives one up, and the one at which an alarm rings."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import TYPE_CHECKING

from constructs_lib.errors import RefusedError
from constructs_lib.limits import STREAM_RECORD_AGE_MAX, STREAM_RECORD_AGE_MIN, TUMBLING_WINDOW_MAX
from constructs_lib.messaging.batches import check_window
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.seconds import Seconds, whole_seconds

if TYPE_CHECKING:
    from constructs_lib.timeouts.budget import TimeoutBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamWaits:
    """The waits of one stream mapping, in seconds."""

    batch_window: int
    tumbling_window: int | None
    record_age: int
    """When Lambda gives a record up."""
    longest_hold: int
    """How long failures alone can hold a shard up: what is older has waited."""


def stream_waits(
    subject: str,
    budget: TimeoutBudget,
    *,
    retention: int,
    batch_size: int,
    retries: int,
    record_age: Seconds | None,
    tumbling_window: Seconds | None,
) -> StreamWaits:
    """Derive the waits and prove that they fit together.

    Raises:
        RefusedError: a window shorter than an invocation, or an age that ends before the tries or after the stream.
    """
    window = check_window(subject, budget)
    tumbling = _tumbling_window(subject, budget, window, tumbling_window)
    age = _record_age(subject, record_age, retention)
    # Each split halves a batch and costs one more failed invocation, but no retry.
    tries = 1 + retries + ceil(log2(batch_size))
    hold = window + (tumbling or 0) + tries * budget.function
    if hold >= age:
        raise RefusedError(
            f"{subject}: max_record_age",
            got=f"{age} s",
            allowed=f"> {hold} s = {tries} tries, splits of the batch included, x {budget.function} s timeout + windows, or "
            "records behind one that fails are given up untried",
            fix="fewer retries, a smaller batch_size, or a shorter function timeout",
        )
    return StreamWaits(batch_window=window, tumbling_window=tumbling, record_age=age, longest_hold=hold)


def _tumbling_window(
    subject: str, budget: TimeoutBudget, window: int, tumbling: Seconds | None
) -> int | None:
    given = whole_seconds(f"{subject}: tumbling_window", tumbling, 1, int(TUMBLING_WINDOW_MAX))
    if given is None:
        return None
    found = given // SECOND
    for what, seconds in (("function timeout", budget.function), ("batching window", window)):
        if found <= seconds:
            raise RefusedError(
                f"{subject}: tumbling_window",
                got=f"{found} s",
                allowed=f"> {seconds} s, the {what}: else one invocation outlasts its window, and each window falls further "
                "behind the stream",
                fix=f"tumbling_window={seconds + 1}"
                if seconds < TUMBLING_WINDOW_MAX
                else "shorten the function timeout",
            )
    return found


def _record_age(subject: str, age: Seconds | None, retention: int) -> int:
    """Give the age in seconds; half the retention where none is given, so that there is time to fetch what failed."""
    least, most = int(STREAM_RECORD_AGE_MIN), int(STREAM_RECORD_AGE_MAX)
    given = whole_seconds(
        f"{subject}: max_record_age", min(retention // 2, most) if age is None else age, least, most
    )
    assert given is not None
    found = given // SECOND
    if found >= retention:
        raise RefusedError(
            f"{subject}: max_record_age",
            got=f"{found} s",
            allowed=f"< {retention} s, for which the stream keeps records: the dead-letter queue gets only where a record "
            "is, and there would be nothing left to fetch",
            fix=f"max_record_age={retention // 2}",
        )
    return found
