"""POST: takes a job once, however often it is sent, and answers 202 with the URL of its status.

The record comes first, then the message, then a note in the record that the message is out. Whoever gets a 202 has both. If
this function dies in between, its caller got an error and sends the same again: without the note the message is sent
(again), and the worker takes a job only once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from typing import Any

from constructs_lib.runtime import api_handler

from . import messages, records
from .answers import answer, caller_of, header

KEY = re.compile(r"[\x21-\x7e]{1,255}")
POLL_SECONDS = "2"


@api_handler
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Accept a job."""
    key = header(event, "Idempotency-Key") or ""
    if not KEY.fullmatch(key):
        return _refuse(event, 400, "Idempotency-Key must be 1 to 255 visible characters, as a UUID is")
    try:
        body = json.loads(_body(event))
    except ValueError:
        return _refuse(event, 400, "the body is not JSON")
    caller = caller_of(event)
    job = _digest(os.environ["API_PATH"], caller, key)[:32]
    request = {
        "body": body,
        "pathParameters": event.get("pathParameters") or {},
        "queryStringParameters": event.get("queryStringParameters") or {},
        "caller": caller,
    }
    message = messages.text(job, request)
    if len(message.encode()) > messages.MESSAGE_MAX:
        return _refuse(
            event, 413, f"the request is over the {messages.MESSAGE_MAX} bytes of a queue's message"
        )
    record = records.accept(job, caller, fingerprint := _digest(message), expires=_expires())
    if record is not None and record.get("fingerprint", fingerprint) != fingerprint:
        return _refuse(event, 422, "this Idempotency-Key was used for another request")
    if record is None or not record.get("sent"):
        messages.send(os.environ["JOBS_QUEUE"], message)
        records.sent(job)
    return _accepted(event, job, records.ACCEPTED if record is None else record["status"])


def _accepted(event: dict[str, Any], job: str, status: str) -> dict[str, Any]:
    location = f"{event['requestContext']['path'].rstrip('/')}/{job}"
    body = {"id": job, "status": status, "location": location}
    return answer(event, 202, body, Location=location, Retry_After=POLL_SECONDS)


def _refuse(event: dict[str, Any], status: int, message: str) -> dict[str, Any]:
    return answer(event, status, {"message": message})


def _body(event: dict[str, Any]) -> str:
    body = event.get("body") or "null"
    return base64.b64decode(body).decode() if event.get("isBase64Encoded") else body


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _expires() -> int:
    return records.now() + int(os.environ["JOB_LIFETIME"]) + int(os.environ["RESULT_LIFETIME"])
