"""An asynchronous event that fails for good."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from demo.expectation import UnexpectedError, expect

if TYPE_CHECKING:
    from demo.screen import Screen
    from demo.system import System

PATIENCE = 30  # seconds: Lambda tries three times, 1 and 2 s apart in the local AWS


def failed_event(system: System, screen: Screen) -> str:
    """Ask for a notification of an order that does not exist, and find the event in the dead-letter queue."""
    reply = system.call("POST /orders/404/notifications", {"channel": "email"})
    expect("the request", reply.status, 202)
    screen.say(
        "POST /orders/404/notifications: 202. The caller is gone; now the function fails, three times."
    )
    with screen.working("waiting for the dead letter"):
        letter = _wait_for_letter(system)
    event, attributes = json.loads(letter["Body"]), letter["MessageAttributes"]
    error = attributes["ErrorMessage"]["StringValue"]
    screen.table(
        ("dead letter", ""),
        [
            ("event", f"{event['httpMethod']} {event['path']} {event['body']}"),
            ("caller", event["requestContext"]["caller"]),
            ("error", error),
            ("error code", attributes["ErrorCode"]["StringValue"]),
        ],
    )
    expect("the event's order", event["pathParameters"]["order_id"], "404")
    expect("the error", error, "acme has no order 404")
    return "a failed event waits in the dead-letter queue, with its error"


def _wait_for_letter(system: System) -> dict[str, Any]:
    queue, sqs = system.output("FailedNotifications"), system.local.client("sqs")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], WaitTimeSeconds=1)
        for message in found.get("Messages", []):
            letter: dict[str, Any] = message
            return letter
    raise UnexpectedError(f"dead-letter queue: got nothing within {PATIENCE} s; expected the failed event")
