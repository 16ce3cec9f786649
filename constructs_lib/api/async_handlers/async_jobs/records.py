"""The record of a job, and every step it can take; each is one conditional write to DynamoDB."""

from __future__ import annotations

import os
import time
from typing import Any

from .clients import client

ACCEPTED, RUNNING, DONE, FAILED = "accepted", "running", "done", "failed"
CALL = "job-records"
ERROR_CHARACTERS = 1_000  # an error message is written down so far

_NAMES = {"#status": "status", "#error": "error", "#result": "result"}  # words that DynamoDB reserves


def accept(job: str, caller: str, fingerprint: str, *, expires: int) -> dict[str, Any] | None:
    """Begin a record; None where none was, or only an expired one, and else the record that is there already."""
    item = {
        "id": {"S": job},
        "status": {"S": ACCEPTED},
        "caller": {"S": caller},
        "fingerprint": {"S": fingerprint},
        "accepted": {"N": str(now())},
        "expires": {"N": str(expires)},
    }
    begin = {
        "TableName": _name(),
        "Item": item,
        "ConditionExpression": "attribute_not_exists(id) OR expires <= :now",
    }
    for _ in range(2):  # a record may expire between the write that it stops and the read
        try:
            _table().put_item(**begin, ExpressionAttributeValues={":now": {"N": str(now())}})
        except _table().exceptions.ConditionalCheckFailedException:
            record = get(job)
            if record is not None:
                return record
        else:
            return None
    raise RuntimeError(f"the record of job {job} is there and is not; sending the request again helps")


def get(job: str) -> dict[str, Any] | None:
    """Read a record as it is now; an expired one is none, though DynamoDB may take days to remove it."""
    item = _table().get_item(TableName=_name(), Key=_key(job), ConsistentRead=True).get("Item")
    if item is None:
        return None
    record = {name: _value(value) for name, value in item.items()}
    return record if record["expires"] > now() else None


def sent(job: str) -> None:
    """Note that the job's message is in the queue."""
    _update(job, "SET sent = :yes", "attribute_exists(id)", {":yes": {"BOOL": True}})


def claim(job: str, owner: str, *, caller: str, lease: int, expires: int, redriven: bool) -> bool:
    """Take a job to work on it; False where somebody works on it, or it has ended.

    A failed job can be taken again only by a message that was sent back from the dead-letter queue. A record that has
    expired by then begins anew.
    """
    free = "attribute_not_exists(id) OR #status = :accepted OR (#status = :running AND lease <= :now)"
    values = {
        ":accepted": {"S": ACCEPTED},
        ":running": {"S": RUNNING},
        ":now": {"N": str(now())},
        ":owner": {"S": owner},
        ":lease": {"N": str(now() + lease)},
        ":caller": {"S": caller},
        ":expires": {"N": str(expires)},
        ":one": {"N": "1"},
    }
    if redriven:
        free, values[":failed"] = f"{free} OR #status = :failed", {"S": FAILED}
    steps = (
        "SET #status = :running, #owner = :owner, lease = :lease, expires = :expires, started = :now, "
        "caller = if_not_exists(caller, :caller), accepted = if_not_exists(accepted, :now) ADD attempts :one"
    )
    return _update(job, steps, free, values, {"#status": "status", "#owner": "owner"})


def done(job: str, owner: str, result: str, *, expires: int) -> bool:
    """Write the result down; False where the job is not this owner's any more."""
    steps = "SET #status = :to, #result = :result, finished = :now, expires = :expires REMOVE lease, #error"
    return _end(job, owner, DONE, steps, {":result": {"S": result}, ":expires": {"N": str(expires)}})


def failed(job: str, owner: str, error: str, *, public: bool, expires: int) -> bool:
    """Write down why the job failed for good; ``public`` errors are shown to the caller."""
    steps = "SET #status = :to, #error = :error, shown = :public, finished = :now, expires = :expires REMOVE lease"
    values = {":error": {"S": error}, ":public": {"BOOL": public}, ":expires": {"N": str(expires)}}
    return _end(job, owner, FAILED, steps, values)


def try_again(job: str, owner: str, error: str) -> bool:
    """Give the job back after a try that failed."""
    steps = "SET #status = :to, #error = :error, finished = :now REMOVE lease"
    return _end(job, owner, ACCEPTED, steps, {":error": {"S": error}})


def now() -> int:
    """Give the time in whole seconds since 1970, as DynamoDB's time to live counts."""
    return int(time.time())


def _end(job: str, owner: str, to: str, steps: str, values: dict[str, Any]) -> bool:
    mine = "#status = :running AND #owner = :owner"
    named = {name: word for name, word in _NAMES.items() if name in steps} | {
        "#owner": "owner",
        "#status": "status",
    }
    known = {":to": {"S": to}, ":running": {"S": RUNNING}, ":owner": {"S": owner}, ":now": {"N": str(now())}}
    return _update(job, steps, mine, known | values, named)


def _update(
    job: str, steps: str, condition: str, values: dict[str, Any], names: dict[str, str] | None = None
) -> bool:
    table = _table()
    try:
        table.update_item(
            TableName=_name(),
            Key=_key(job),
            UpdateExpression=steps,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            **({"ExpressionAttributeNames": names} if names else {}),
        )
    except table.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _table() -> Any:
    return client("dynamodb", CALL)


def _name() -> str:
    return os.environ["JOBS_TABLE"]


def _key(job: str) -> dict[str, Any]:
    return {"id": {"S": job}}


def _value(typed: dict[str, Any]) -> Any:
    ((kind, value),) = typed.items()
    return int(value) if kind == "N" else value
