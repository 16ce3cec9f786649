"""Counts what the run left behind: in the ledger, in the attempts' log, in the dead-letter queues and in the logs."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tests.e2e.fates import BOOKINGS, POISON, WAYS
from tests.e2e.sending import call, take

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from constructs_lib.local import LocalAws
    from tests.e2e.sending import Sender

_BOOKING = re.compile(r"booking (\d+) is (?:poison|refused)")


@dataclass(frozen=True)
class Way:
    """What became of the bookings that went one way.

    Args:
        booked: whose entry is in the ledger.
        balance: the sum of all amounts that were booked, a number's amount being the number.
        attempts: how often each number was tried.
        repeated: attempts that found the effect there already, as the one before was killed between effect and answer.
        buried: the numbers in the dead-letter queue, each as often as it is there.
        errors: what is told of each of these.
        killed: the numbers at which a worker was killed.
        waiting: what still waits.
    """

    booked: set[int]
    balance: int
    attempts: Counter[int]
    repeated: int
    buried: Counter[int]
    errors: Mapping[int, str]
    killed: set[int]
    waiting: int

    @property
    def lost(self) -> set[int]:
        """Those that are neither booked nor in the dead-letter queue."""
        return set(range(BOOKINGS)) - self.booked - set(self.buried)


class Books:
    """Reads the tables of the run."""

    def __init__(self, local: LocalAws, outputs: Mapping[str, str]) -> None:
        self._tables, self._outputs = local.client("dynamodb"), outputs

    def partition(self, table: str, key: str) -> list[dict[str, Any]]:
        """Give all items of a partition."""
        pages = self._tables.get_paginator("query").paginate(
            TableName=self._outputs[table],
            ConsistentRead=True,
            KeyConditionExpression="way = :way",
            ExpressionAttributeValues={":way": {"S": key}},
        )
        return [item for page in pages for item in page["Items"]]

    def records(self) -> dict[str, dict[str, Any]]:
        """Give the records of all jobs."""
        pages = self._tables.get_paginator("scan").paginate(TableName=self._outputs["Records"])
        return {item["id"]["S"]: item for page in pages for item in page["Items"]}

    def balance(self, way: str) -> int:
        """Give the balance of a way."""
        (found,) = [item for item in self.partition("Ledger", "balance") if item["entry"]["S"] == way]
        return int(found["amount"]["N"])


def count(
    local: LocalAws, sender: Sender, killed: set[tuple[str, int]], failures: list[dict[str, Any]]
) -> dict[str, Way]:
    """Count everything; what is in the dead-letter queues is taken out of them."""
    books, waiting = Books(local, sender.outputs), sender.waiting()
    buried = {
        "queue": _messages_buried(local, sender.outputs),
        "jobs": _jobs_buried(local, sender.outputs),
        "workflow": _items_buried(failures),
    }
    return {
        way: Way(
            booked={int(item["entry"]["S"]) for item in books.partition("Ledger", way)},
            balance=books.balance(way),
            attempts=Counter(int(item["number"]["N"]) for item in books.partition("Attempts", way)),
            repeated=len(books.partition("Attempts", f"{way} repeated")),
            buried=Counter(number for number, _ in buried[way]),
            errors=dict(buried[way]),
            killed={number for other, number in killed if other == way},
            waiting=waiting.get(way, 0),
        )
        for way in WAYS
    }


def _messages_buried(local: LocalAws, outputs: Mapping[str, str]) -> list[tuple[int, str]]:
    """Give each message with its error, which is in the function's log: SQS moves a message without it."""
    pages = (
        local.client("logs").get_paginator("filter_log_events").paginate(logGroupName=outputs["QueueLogs"])
    )
    log = "\n".join(event["message"] for page in pages for event in page["events"])
    found = []
    for message in take(local.client("sqs"), outputs["QueueFailures"]):
        told = rf"record {message['MessageId']} failed and is given back.*?^([\w.]+Error: .*?)$"
        error = re.search(told, log, re.MULTILINE | re.DOTALL)
        found.append((json.loads(message["Body"])["number"], error[1] if error else ""))
    return found


def _jobs_buried(local: LocalAws, outputs: Mapping[str, str]) -> list[tuple[int, str]]:
    """Give each job with its error, which is beside its message."""
    return [
        (
            json.loads(message["Body"])["request"]["body"]["number"],
            message["MessageAttributes"].get("ErrorMessage", {}).get("StringValue", ""),
        )
        for message in take(local.client("sqs"), outputs["JobsFailures"])
    ]


def _items_buried(failures: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Give each item that a failed batch's error names, with what it says of it."""
    return [
        (int(told[1]), f"{failure['error']}: {told[0]}")
        for failure in failures
        for told in _BOOKING.finditer(failure["cause"])
    ]


def statuses(sender: Sender, numbers: set[int]) -> dict[int, dict[str, Any]]:
    """Ask the API what became of some jobs."""
    found = {}
    for number in numbers:
        (job,) = sender.jobs[number]
        code, found[number] = call("GET", f"{sender.url}/{job}")
        assert code == 200, found[number]
    return found


_ROWS: dict[str, Callable[[Way], int]] = {
    "attempts": lambda way: way.attempts.total(),
    "workers killed": lambda way: len(way.killed),
    "repeats stopped": lambda way: way.repeated,
    "booked": lambda way: len(way.booked),
    "in the dead-letter queue": lambda way: len(way.buried),
    "of these, with their error": lambda way: len([text for text in way.errors.values() if text]),
    "further copies of these": lambda way: way.buried.total() - len(way.buried),
    "lost": lambda way: len(way.lost),
    "balance too high by": lambda way: way.balance - sum(way.booked),
    "still waiting": lambda way: way.waiting,
}


def shown(ways: Mapping[str, Way], sender: Sender) -> str:
    """Show the counts as a table."""
    table = Table(title=f"{BOOKINGS:,} bookings each way, {len(POISON)} of them poison")
    table.add_column("")
    for way in ways:
        table.add_column(way, justify="right")
    for name, figure in _ROWS.items():
        table.add_row(name, *(f"{figure(way):,}" for way in ways.values()))
    console = Console(width=100)
    with console.capture() as text:
        console.print(table)
        console.print(f"requests that met a killed handler of the API, and were sent again: {sender.refused}")
    return text.get()
