"""Orders that go from the table over a stream and a queue to their worker, and on as events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from demo.expectation import UnexpectedError, expect
from demo.system import CUSTOMER
from demo.waiting import wait_for

if TYPE_CHECKING:
    from demo.screen import Screen
    from demo.system import System

ORDERS = [f"batch-{number:02}" for number in range(1, 13)]
POISON = {"customer": CUSTOMER, "order_id": "never-placed"}
HIDDEN = 1  # seconds


def queue_worker(system: System, screen: Screen) -> str:
    """Place orders, send one message twice and one that can only fail, and count what was done."""
    sqs, queue = system.client("sqs"), system.output("FulfilmentQueue")
    hidden = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    screen.say(
        f"A failed message stays hidden for {hidden['VisibilityTimeout']} s, six times the worker's timeout; "
        f"for the demo, {HIDDEN} s."
    )
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(HIDDEN)})
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(POISON))
    with screen.working(f"placing {len(ORDERS)} orders, and one message of an order that nobody placed"):
        for order_id in ORDERS:
            lines = [{"article": "nut-m8", "quantity": 10}]
            expect(
                "placing", system.insist("POST /orders", {"order_id": order_id, "lines": lines}).status, 201
            )
        first = wait_for("fulfilled orders", lambda: _all_noted(system, "fulfilled_at"))
        copy = json.dumps({"customer": CUSTOMER, "order_id": ORDERS[0]})
        sqs.send_message(QueueUrl=queue, MessageBody=copy)
        letter = wait_for("dead letter", lambda: _letter(system))
        wait_for("an empty queue", lambda: not _messages(system, "FulfilmentQueue"))
    again = _changed(system, "fulfilled_at", first)
    error = _logged_error(system, letter["MessageId"])
    screen.table(
        ("", "orders"),
        [
            ("placed", str(len(ORDERS))),
            ("fulfilled", str(len(first))),
            ("fulfilled again, because a message came twice", str(again)),
            ("in the dead-letter queue", str(_messages(system, "FailedFulfilments"))),
        ],
        numbers=["orders"],
    )
    screen.table(("dead letter", ""), [("message", letter["Body"]), ("its id leads to the log", error)])
    expect("orders fulfilled again", again, 0)
    expect("dead letters", _messages(system, "FailedFulfilments"), 1)
    expect("the dead letter", json.loads(letter["Body"]), POISON)
    return (
        f"{len(first)} of {len(ORDERS)} orders fulfilled once; the poison message waits with the dead letters"
    )


def event_target(system: System, screen: Screen) -> str:
    """Count the invoices that the events have led to, and send one of the events again."""
    with screen.working("waiting for the invoices"):
        first = wait_for("invoiced orders", lambda: _all_noted(system, "invoiced_at"))
        handled = _invocations(system)
        detail = json.dumps({"customer": CUSTOMER, "order_id": ORDERS[0]})
        entry = {"Source": "orders", "DetailType": "OrderFulfilled", "Detail": detail}
        bus = system.output("EventBus")
        system.client("events").put_events(Entries=[{**entry, "EventBusName": bus}])
        wait_for("the repeated event", lambda: _invocations(system) > handled)
    again = _changed(system, "invoiced_at", first)
    screen.table(
        ("", "orders"),
        [
            ("invoiced, each by its OrderFulfilled event", str(len(first))),
            ("invoiced again, by an event that came twice", str(again)),
        ],
        numbers=["orders"],
    )
    expect("orders invoiced again", again, 0)
    return f"{len(first)} events led to {len(first)} invoices, and a repeated one to none"


def _all_noted(system: System, name: str) -> dict[str, str] | None:
    """Give the moment that each order has under a name, once all of them have it."""
    found = system.orders(name)
    return {order_id: found[order_id] for order_id in ORDERS} if found.keys() >= set(ORDERS) else None


def _changed(system: System, name: str, first: dict[str, str]) -> int:
    """Count the orders that have another moment under a name than they had first."""
    return len(first.items() - system.orders(name).items())


def _letter(system: System) -> dict[str, Any] | None:
    answer = system.client("sqs").receive_message(QueueUrl=system.output("FailedFulfilments"))
    return next(iter(answer.get("Messages", [])), None)


def _messages(system: System, queue: str) -> int:
    """Count the messages in a queue, those that somebody works on included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url, sqs = system.output(queue), system.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def _logged_error(system: System, message_id: str) -> str:
    """Find the error of a message in the worker's log, by the message's id."""
    text = "\n".join(system.log("FulfilmentFulfilOrder"))
    _, found, after = text.partition(f"record {message_id} failed")
    for line in after.splitlines() if found else ():
        if "OrderNotFoundError: " in line:
            return line[line.index("OrderNotFoundError") :]
    raise UnexpectedError(f"log of the worker: got no error of message {message_id}; expected one")


def _invocations(system: System) -> int:
    return sum(line.startswith("REPORT ") for line in system.log("FulfilmentInvoiceOrder"))
