"""The message of a job: what the worker needs to do it, and, in the dead-letter queue, why it failed."""

from __future__ import annotations

import json
from typing import Any

from constructs_lib.runtime import correlation

from .clients import client

CALL = "job-messages"
MESSAGE_MAX = 1_048_576  # botocore:sqs CreateQueue.MaximumMessageSize, bytes
_ERROR = "ErrorMessage"


def text(job: str, request: dict[str, Any]) -> str:
    """Write the message of a job."""
    return json.dumps({"id": job, "request": request}, separators=(",", ":"), ensure_ascii=False)


def send(queue_url: str, message: str) -> None:
    """Put the message into the queue."""
    client("sqs", CALL).send_message(
        QueueUrl=queue_url, MessageBody=message, MessageAttributes=correlation.attributes()
    )


def come_back(queue_url: str, receipt: str, seconds: int) -> None:
    """Let a message that was received come back after so many seconds."""
    client("sqs", CALL).change_message_visibility(
        QueueUrl=queue_url, ReceiptHandle=receipt, VisibilityTimeout=seconds
    )


def bury(queue_url: str, message: str, error: str, attempts: int) -> None:
    """Put the message into the dead-letter queue, with its error."""
    attributes = {_ERROR: ("String", error or "unknown"), "Attempts": ("Number", str(attempts))}
    client("sqs", CALL).send_message(
        QueueUrl=queue_url,
        MessageBody=message,
        MessageAttributes=correlation.attributes()
        | {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items()},
    )


def is_redriven(message: dict[str, Any]) -> bool:
    """Tell whether somebody sent the message back from the dead-letter queue."""
    return _ERROR in message.get("messageAttributes", {})
