"""Stands around the job's own handler: ``handler(request, context)``, which returns the result or raises.

A job is claimed for as long as the function may run and a little longer (H9), so that two readers of one message never
work at once, and a job whose worker died is free again before its message comes back. The job is ended in time to write down that it was: what is kept for
that is the worst case of the calls that do it.
"""

from __future__ import annotations

import json
import logging
import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from constructs_lib.runtime import Budget, Deadline, event_handler, waits

from . import messages, records

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)
RESULT_MAX = 380_000  # bytes; a DynamoDB item takes 400 KB, and the record's other fields need some
_QUICKER = 3  # pauses before the last one, each a quarter of the next; the last one is the visibility timeout


class ResultRefusedError(Exception):
    """The job's result cannot be kept; trying again would not help."""

    permanent = True


@event_handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work off the messages, and report those that have to come back."""
    failures = [each for each in event["Records"] if not _work_off(each, context)]
    return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in failures]}


def _work_off(message: dict[str, Any], context: Any) -> bool:
    job = json.loads(message["body"])
    owner = context.aws_request_id
    if not _claim(job, owner, redriven=messages.is_redriven(message)):
        record = records.get(job["id"])
        # Ended: a copy of a message whose job is done. Else somebody works on it, and may yet fail.
        return record is not None and record["status"] in {records.DONE, records.FAILED}
    try:
        result = _run(job, message, context)
    except Exception as error:  # noqa: BLE001 - whatever the job raises is written down, and ends where it belongs
        return _end_badly(job, message, owner, error)
    return records.done(job["id"], owner, result, expires=_expires())


def _claim(job: dict[str, Any], owner: str, *, redriven: bool) -> bool:
    lifetime = int(os.environ["JOB_LIFETIME"])
    return records.claim(
        job["id"],
        owner,
        caller=job["request"]["caller"],
        lease=_lease(),
        expires=_expires() + lifetime,
        redriven=redriven,
    )


def _run(job: dict[str, Any], message: dict[str, Any], context: Any) -> str:
    request = {**job["request"], "id": job["id"], "attempt": _receives(message)}
    with _time_to_work().guard():
        value = _job(request, context)
    try:
        result = json.dumps(value, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise ResultRefusedError(f"the result is not JSON: {error}") from error
    if len(result) > RESULT_MAX:
        raise ResultRefusedError(
            f"the result has {len(result)} bytes, and {RESULT_MAX} can be kept: store it, and return where it is"
        )
    return result


def _end_badly(job: dict[str, Any], message: dict[str, Any], owner: str, error: Exception) -> bool:
    _log.error("job %s failed", job["id"], exc_info=error)
    text = f"{type(error).__name__}: {error}"[: records.ERROR_CHARACTERS]
    permanent, receives = bool(getattr(error, "permanent", False)), _receives(message)
    if not permanent and receives < int(os.environ["MAX_ATTEMPTS"]):
        records.try_again(job["id"], owner, text)
        messages.come_back(os.environ["JOBS_QUEUE"], message["receiptHandle"], _pause(receives))
        return False
    # First the message, then the record: a job that is failed is in the dead-letter queue.
    messages.bury(os.environ["JOBS_DEAD_LETTER_QUEUE"], message["body"], text, receives)
    shown = str(error)[: records.ERROR_CHARACTERS] if permanent else text
    return records.failed(job["id"], owner, shown, public=permanent, expires=_expires())


def _time_to_work() -> Deadline:
    """Give the deadline of the job itself: before the function's, by what writing down its end may take."""
    deadline = Deadline.current()
    assert deadline is not None
    ending = waits(records.CALL).worst_case + waits(messages.CALL).worst_case
    return deadline.within(deadline.remaining() - ending)


def _pause(receives: int) -> int:
    """Give the seconds until a failed job is tried again: soon at first, at last after the whole visibility timeout."""
    quicker = min(int(os.environ["MAX_ATTEMPTS"]) - 1 - receives, _QUICKER)
    return max(int(os.environ["JOB_VISIBILITY"]) >> 2 * quicker, 1)


def _lease() -> int:
    budget = Budget.current()
    assert budget is not None
    assert budget.in_progress is not None
    return int(budget.in_progress)


def _receives(message: dict[str, Any]) -> int:
    return int(message["attributes"]["ApproximateReceiveCount"])


def _expires() -> int:
    return records.now() + int(os.environ["RESULT_LIFETIME"])


def _load(name: str) -> Callable[[dict[str, Any], Any], Any]:
    module, _, function = name.rpartition(".")
    found: Callable[[dict[str, Any], Any], Any] = getattr(import_module(module.replace("/", ".")), function)
    return found


_job = _load(os.environ["JOB_HANDLER"])  # at import, so that a job's imports count as init
