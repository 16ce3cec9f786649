"""GET: says how a job is doing, to whoever sent it.

What nobody could write down is derived: a job whose last try ended without a word (a crash, no memory left) has failed, and so has
one whose message must be gone from its queue.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

from constructs_lib.runtime import api_handler

from . import records
from .accept import POLL_SECONDS
from .answers import answer, caller_of


@api_handler
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with the job's status, and its result or error once it has ended."""
    job = event["pathParameters"]["job_id"]
    record = records.get(job)
    if record is None or record["caller"] != caller_of(event):
        return answer(event, 404, {"message": "no such job, or its result has expired"})
    status, error = _ended_silently(record) or (record["status"], _error(record))
    body = {"id": job, "status": status, "accepted": _time(record["accepted"])}
    if status in {records.ACCEPTED, records.RUNNING}:
        return answer(event, 200, body, Retry_After=POLL_SECONDS)
    body["expires"] = _time(record["expires"])
    if status == records.DONE:
        return answer(event, 200, {**body, "result": json.loads(record["result"])})
    return answer(event, 200, {**body, "error": {"message": error}})


def _error(record: dict[str, Any]) -> str:
    """Say what went wrong as far as it was meant for the caller; the rest stays in the record and in the logs."""
    return record["error"] if record.get("shown") else f"failed after {record.get('attempts', 0)} attempts"


def _ended_silently(record: dict[str, Any]) -> tuple[str, str] | None:
    if record["status"] in {records.DONE, records.FAILED}:
        return None
    abandoned = record["status"] == records.RUNNING and record["lease"] <= records.now()
    if abandoned and record["attempts"] >= int(os.environ["MAX_ATTEMPTS"]):
        return records.FAILED, f"the last of {record['attempts']} attempts ended without an answer"
    if record["accepted"] + int(os.environ["JOB_LIFETIME"]) <= records.now() and (
        abandoned or record["status"] == records.ACCEPTED
    ):
        return records.FAILED, "it was not worked off in time"
    return None


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
