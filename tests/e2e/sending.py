"""Sends the bookings each way, as careful callers do, and waits until the system has come to rest."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.e2e.fates import BOOKINGS, booking, fate
from tests.e2e.patience import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.local import Deployment, LocalAws
    from tests.e2e.killing import Killer

CLIENTS = 4
FRONT_DOOR_KILLED_AT = (150, 600)  # jobs sent
SENT_TWICE = 10  # every tenth job
RUN = "nightly"
_QUEUES = {"queue": "Queue", "jobs": "Jobs"}  # what waits on which way, by the stack's output
BUSY = {429, 502, 503, 504}


class Sender:
    """Whoever uses the system.

    Attributes:
        jobs: the ids of each number's job, as the API gave them.
        refused: how often the API could not take a job, so that it was sent again.
    """

    def __init__(self, local: LocalAws, deployment: Deployment, killer: Killer) -> None:
        self.outputs = deployment.outputs["Bookings"]
        self.url = deployment.invoke_urls["Bookings.Url"].rstrip("/") + "/bookings"
        self._local, self._killer = local, killer
        self._queues, self._machines = local.client("sqs"), local.client("stepfunctions")
        self.jobs: dict[int, set[str]] = {}
        self.refused = 0

    def send_messages(self) -> None:
        """Put the bookings into the queue."""
        for start in range(0, BOOKINGS, 10):
            entries = [
                {"Id": str(number), "MessageBody": json.dumps(booking(number))}
                for number in range(start, start + 10)
            ]
            answer = self._queues.send_message_batch(QueueUrl=self.outputs["Queue"], Entries=entries)
            assert not answer.get("Failed"), answer

    def send_jobs(self) -> None:
        """Post the bookings, from several clients at once, those first that will take several attempts."""
        order = sorted(range(BOOKINGS), key=lambda number: fate(number) == "book")
        numbers = enumerate(order, 1)
        with ThreadPoolExecutor(CLIENTS, thread_name_prefix="client") as clients:
            list(clients.map(self._send_job, *zip(*numbers, strict=True)))

    def _send_job(self, position: int, number: int) -> None:
        if position in FRONT_DOOR_KILLED_AT:
            self._killer.kill_handlers_of(self.outputs["Accept"])
        times = 2 if position % SENT_TWICE == 0 else 1
        self.jobs[number] = {self._accepted(number) for _ in range(times)}

    def _accepted(self, number: int) -> str:
        """Send a job, again and again until it is taken, and give its id."""
        found: list[str] = []

        def taken() -> bool:
            code, answer = call("POST", self.url, booking(number), {"Idempotency-Key": f"booking-{number}"})
            if code != 202:
                assert code in BUSY, answer
                self.refused += 1
                return False
            found.append(answer["id"])
            return True

        until(taken, lambda: len(self.jobs))
        return found[0]

    def run_the_workflow(self) -> dict[str, Any]:
        """Start an execution, and give it as it ended, with what it left in the failure queue."""
        orders = {"run": RUN, "bookings": [booking(number) for number in range(BOOKINGS)]}
        execution = self._machines.start_execution(
            stateMachineArn=self.outputs["Machine"], input=json.dumps(orders)
        )["executionArn"]
        until(lambda: self._state(execution)["status"] != "RUNNING", self.waiting)
        messages = take(self._queues, self.outputs["WorkflowFailures"])
        return {**self._state(execution), "failures": [json.loads(each["Body"]) for each in messages]}

    def _state(self, execution: str) -> dict[str, Any]:
        described: dict[str, Any] = self._machines.describe_execution(executionArn=execution)
        return described

    def waiting(self) -> dict[str, int]:
        """Count the messages that are waited for, those at work included."""
        return {way: self._waiting(self.outputs[name]) for way, name in _QUEUES.items()}

    def _waiting(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self._queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, counts.values()))


def call(
    method: str, url: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Make a request, and give the status code and the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, {"Content-Type": "application/json", **(headers or {})}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"{}")


def take(queues: Any, url: str) -> Iterator[dict[str, Any]]:
    """Take all messages out of a queue."""
    while True:
        answer = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        messages = answer.get("Messages", [])
        if not messages:
            return
        for message in messages:
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        yield from messages
