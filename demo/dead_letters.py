"""An asynchronous event that fails for good."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from demo.expectation import expect
from demo.waiting import wait_for

if TYPE_CHECKING:
    from demo.screen import Screen
    from demo.system import System


def failed_event(system: System, screen: Screen) -> str:
    """Ask for a notification of an order that does not exist, and find the event in the dead-letter queue."""
    reply = system.call("POST /orders/404/notifications", {"channel": "email"})
    expect("the request", reply.status, 202)
    screen.say(
        "POST /orders/404/notifications: 202. The caller is gone; now the function fails, three times."
    )
    with screen.working("waiting for the dead letter"):
        letter = wait_for("the dead letter", lambda: _letter(system))
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


def _letter(system: System) -> dict[str, Any] | None:
    queue, sqs = system.output("FailedNotifications"), system.client("sqs")
    found = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])
    return next(iter(found.get("Messages", [])), None)
