"""The job that the local run deploys: counts what it does in a table, and fails, dies or refuses as it is told to."""

from __future__ import annotations

import os
from typing import Any

import boto3


class PermanentError(Exception):
    """Trying again does not mend it, and the caller may read it."""

    permanent = True


def make(request: dict[str, Any], _context: object) -> dict[str, Any]:
    """Count the job once in its own item, unless it is told to do something else."""
    number, behaviour = request["body"]["number"], request["body"]["behaviour"]
    if behaviour == "fail":
        raise ValueError("no report can be made of this")
    if behaviour == "refuse":
        raise PermanentError("there is no such month")
    if behaviour == "die once" and request["attempt"] == 1:
        os._exit(1)
    effects = boto3.resource("dynamodb").Table(os.environ["EFFECTS"])
    effects.update_item(
        Key={"number": number}, UpdateExpression="ADD times :one", ExpressionAttributeValues={":one": 1}
    )
    return {"number": number, "attempt": request["attempt"]}
