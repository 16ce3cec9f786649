"""The table and the queues of an asynchronous API, and its three handlers, against moto, on a clock that the test moves."""

from __future__ import annotations

import json
import os
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3

os.environ.setdefault("JOB_HANDLER", "json.dumps")  # what a worker is for is loaded with it

from constructs_lib.api.async_handlers.async_jobs import (
    accept,
    clients,
    messages,
    records,
    status,
    work,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

CALLS = {name: {"connect": 1, "read": 1, "attempts": 1} for name in ("job-records", "job-messages")}
_apis = count()
LEASE, LIFETIME, RESULT_LIFETIME, ATTEMPTS, VISIBILITY = 9, 3_600, 600, 3, 100


class Aws:
    """The SDK's resources, made once: each takes longer than a test."""

    def __init__(self) -> None:
        clients.client.cache_clear()
        self.tables: Any = boto3.resource("dynamodb")
        self.queues: Any = boto3.resource("sqs")


class Jobs:
    """An asynchronous API under test: ``job`` is what it does, ``clock`` the seconds since 1970, ``pauses`` between attempts."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = 1_790_000_000
        self._buried: list[Any] = []
        self.pauses: list[tuple[str, int]] = []
        monkeypatch.setattr(records, "now", lambda: self.clock)
        monkeypatch.setattr(work, "_job", self._do)
        monkeypatch.setattr(
            messages, "come_back", lambda _, receipt, seconds: self.pauses.append((receipt, seconds))
        )
        self.left = 60.0  # seconds until Lambda ends the worker
        self.job: Callable[[dict[str, Any], Any], Any] = lambda request, _: {"echo": request["body"]}
        name = f"Jobs{next(_apis)}"
        self.table = aws.tables.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.queue, self.failed = (
            aws.queues.create_queue(QueueName=f"{name}{kind}") for kind in ("", "Failed")
        )
        variables = {
            "JOBS_TABLE": name,
            "JOBS_QUEUE": self.queue.url,
            "JOBS_DEAD_LETTER_QUEUE": self.failed.url,
            "JOB_LIFETIME": str(LIFETIME),
            "RESULT_LIFETIME": str(RESULT_LIFETIME),
            "MAX_ATTEMPTS": str(ATTEMPTS),
            "JOB_VISIBILITY": str(VISIBILITY),
            "API_PATH": "/reports",
            "TIMEOUT_BUDGET": json.dumps({"calls": CALLS, "in_progress": LEASE}),
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    def post(self, body: Any = None, *, key: str | None = "k-1", caller: str = "acme", **event: Any) -> Any:
        """Send a job as API Gateway would."""
        headers = {} if key is None else {"idempotency-key": key}
        context = {"path": "/live/reports", "authorizer": {"principalId": caller}}
        text = body if isinstance(body, str) else json.dumps(body)
        return accept.handler({"headers": headers, "body": text, "requestContext": context, **event}, None)

    def get(self, job: str, *, caller: str = "acme") -> Any:
        """Ask for a job's status, and give status code and body."""
        context = {"authorizer": {"principalId": caller}}
        answer = status.handler({"pathParameters": {"job_id": job}, "requestContext": context}, None)
        return answer["statusCode"], json.loads(answer["body"])

    def sent(self) -> list[str]:
        """Take the bodies of all messages out of the queue."""
        return [each.body for each in self.take()]

    def take(self) -> list[Any]:
        """Take all messages out of the queue."""
        return self._take(self.queue)

    def buried(self) -> list[Any]:
        """Give all messages that ever came to the dead-letter queue."""
        self._buried += self._take(self.failed)
        return self._buried

    def deliver(self, body: str, *, receives: int = 1, request: str = "r-1", **message: Any) -> bool:
        """Hand one message to the worker, as Lambda does; gives whether it may be deleted."""
        record = {
            "messageId": "m-1",
            "receiptHandle": f"receipt {receives}",
            "body": body,
            "attributes": {"ApproximateReceiveCount": str(receives)},
            "messageAttributes": {},
            **message,
        }
        context = SimpleNamespace(
            aws_request_id=request, get_remaining_time_in_millis=lambda: self.left * 1_000
        )
        answer = work.handler({"Records": [record]}, context)
        return not answer["batchItemFailures"]

    def _take(self, queue: Any) -> list[Any]:
        found: list[Any] = []
        while batch := queue.receive_messages(MaxNumberOfMessages=10, MessageAttributeNames=["All"]):
            found += batch
        return found

    def _do(self, request: dict[str, Any], context: Any) -> Any:
        return self.job(request, context)
