"""The workflow's tasks: lists the bookings, works on batches of them, and counts what was done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from constructs_lib.runtime import event_handler, step_handler

from . import work

if TYPE_CHECKING:
    from collections.abc import Generator


@event_handler
def list_items(event: dict[str, Any], _context: object) -> None:
    """Write the bookings into the manifest, one a line."""
    manifest = event["manifest"]
    lines = "\n".join(map(json.dumps, event["input"]["bookings"]))
    boto3.client("s3").put_object(Bucket=manifest["bucket"], Key=manifest["key"], Body=lines.encode())


@step_handler(reserve=work.TO_ANSWER)
def work_on(event: dict[str, Any], context: Any) -> Generator[dict[str, Any], None, dict[str, Any]]:
    """Book one after the other; those that fail keep no other from being booked, and are tried once more by themselves.

    A checkpoint is what is still to be done: the rest, and what has failed so far.
    """
    items, failed = event["items"], dict[int, str]()
    todo = range(len(items)) if event["checkpoint"] is None else event["checkpoint"]["todo"]
    for done, index in enumerate(todo, 1):
        try:
            work.book("workflow", items[index], context)
        except (work.PoisonError, work.HiccupError) as error:
            failed[index] = str(error)
        yield {"todo": [*failed, *todo[done:]]}
    if not failed:
        return {"booked": len(items)}
    if len(failed) < len(todo):
        return {"checkpoint": {"todo": [*failed]}}
    raise work.PoisonError("; ".join(failed.values()))


@event_handler
def finalize(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer how many batches there were."""
    counts: dict[str, Any] = event["batches"]
    return counts
