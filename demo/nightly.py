"""The nightly workflow: old orders in batches, one of which cannot be closed until somebody mends it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from demo.expectation import expect
from demo.system import CUSTOMER
from demo.waiting import wait_for

if TYPE_CHECKING:
    from demo.screen import Screen
    from demo.system import System

OLD = [f"old-{number:02}" for number in range(40)]
BROKEN = "old-17"
RUN = {"run": "the-night-of-the-demo", "days": 30}
LINES = {"L": [{"M": {"article": {"S": "bolt-m8"}, "quantity": {"N": "5"}}}]}


def chunked_workflow(system: System, screen: Screen) -> str:
    """Run the workflow, mend what failed, and run it again: it goes on with what is not done."""
    _put_old_orders(system)
    screen.say(
        f"{len(OLD)} orders were fulfilled 40 days ago, and {BROKEN} lost its lines. The schedule starts the workflow "
        "at three; the demo does now."
    )
    with screen.working("first execution"):
        first = _execute(system)
        closed = _closed(system)
        failure = wait_for("the failed batch", lambda: _failure(system))
    _mend(system)
    with screen.working(f"second execution of the run, {BROKEN} mended"):
        second = _execute(system)
        closed_at_last = _closed(system)
    rows = [
        (which, *(str(batches[name]) for name in ("total", "succeeded", "failed")), str(len(orders)))
        for which, batches, orders in (
            ("first", first, closed),
            ("resumed", second, closed_at_last),
        )
    ]
    screen.table(("execution", "batches", "succeeded", "failed", "orders closed"), rows)
    screen.table(
        ("failure queue", ""),
        [("batch", failure["batch"]), ("error", failure["error"]), ("items", str(len(failure["items"])))],
    )
    expect("failed batches", (first["failed"], second["failed"]), (1, 0))
    expect("orders closed at last", sorted(closed_at_last), OLD)
    expect("orders closed twice", closed.items() - closed_at_last.items(), set())
    expect("the error", failure["error"], "UnreadableOrderError")
    return f"{len(OLD)} orders closed once, in {second['total']} batches; a run with a broken order went on once it was mended"


def _put_old_orders(system: System) -> None:
    at = {"S": (datetime.now(UTC) - timedelta(days=40)).isoformat(timespec="seconds")}
    for order_id in OLD:
        key = {"customer": {"S": CUSTOMER}, "order_id": {"S": order_id}}
        more = {} if order_id == BROKEN else {"lines": LINES}
        item = {**key, **more, "placed_at": at, "fulfilled_at": at, "to_close_since": at}
        system.client("dynamodb").put_item(TableName=system.output("OrdersTable"), Item=item)


def _mend(system: System) -> None:
    system.client("dynamodb").update_item(
        TableName=system.output("OrdersTable"),
        Key={"customer": {"S": CUSTOMER}, "order_id": {"S": BROKEN}},
        UpdateExpression="SET #lines = :lines",
        ExpressionAttributeNames={"#lines": "lines"},
        ExpressionAttributeValues={":lines": LINES},
    )


def _execute(system: System) -> dict[str, int]:
    """Start the workflow, wait for its end, and give its counts of batches."""
    states, machine = system.client("stepfunctions"), system.output("ClosingWorkflow")
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(RUN))["executionArn"]

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found

    end = wait_for("the end of the workflow", ended)
    expect("the execution", end["status"], "SUCCEEDED")
    batches: dict[str, int] = json.loads(end["output"])["batches"]
    return batches


def _closed(system: System) -> dict[str, str]:
    """Give the old orders that are closed, and when each was."""
    return {order_id: at for order_id, at in system.orders("closed_at").items() if order_id in OLD}


def _failure(system: System) -> dict[str, Any] | None:
    answer = system.client("sqs").receive_message(QueueUrl=system.output("FailedClosings"))
    return next((json.loads(message["Body"]) for message in answer.get("Messages", [])), None)
