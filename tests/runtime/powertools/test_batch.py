"""The real Powertools' batch processors under a deadline: what is done stays done, what is not goes back."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    EventType,
    async_process_partial_response,
    process_partial_response,
)

from constructs_lib.runtime import correlation
from constructs_lib.runtime.handlers import event_handler
from constructs_lib.runtime.powertools import AsyncBatchProcessor, BatchProcessor, SqsFifoPartialProcessor
from tests.runtime.runtime_api import Sandbox

if TYPE_CHECKING:
    import pytest
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord


class Context:
    """A context with so many seconds left."""

    aws_request_id = "request"

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Give what is left."""
        return max(int((self._end - time.monotonic()) * 1000), 0)


def within(seconds: float) -> Any:
    """Give a context with so many seconds left; Powertools wants a whole LambdaContext only of type checkers."""
    return Context(seconds)


def event(*bodies: str) -> dict[str, Any]:
    """Make an event of messages, each with its number as its id."""
    return {
        "Records": [
            {
                "messageId": str(number),
                "body": body,
                "eventSource": "aws:sqs",
                "attributes": {"MessageGroupId": "g"},
            }
            for number, body in enumerate(bodies)
        ]
    }


def failed(response: Any) -> list[str]:
    """Give the ids that go back."""
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


class Work:
    """Does what a message says, and notes what it did."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.begun: list[str] = []

    def __call__(self, record: SQSRecord) -> None:
        """Do it."""
        self.begun.append(record.message_id)
        if record.body == "slow":
            time.sleep(60)
        if record.body == "bad":
            raise ValueError("bad")
        self.done.append(record.message_id)


def test_the_deadline_gives_back_what_is_not_done(caplog: pytest.LogCaptureFixture) -> None:
    """The message at work and all after it; the log says how many."""
    work = Work()
    response = process_partial_response(
        event("good", "bad", "good", "slow", "good"),
        work,
        BatchProcessor(event_type=EventType.SQS),
        within(0.6),
    )
    assert failed(response) == ["1", "3", "4"]
    assert work.done == ["0", "2"]
    assert work.begun == ["0", "1", "2", "3"]
    assert "the deadline has passed: 2 of 5 records are given back" in caplog.messages


def test_a_batch_that_is_late_as_a_whole_goes_back_without_an_error() -> None:
    """It is no failure of the function; and the same processor serves the next batch."""
    processor, work = BatchProcessor(event_type=EventType.SQS), Work()
    assert failed(process_partial_response(event("slow", "good"), work, processor, within(0.3))) == ["0", "1"]
    assert work.done == []
    assert failed(process_partial_response(event("good", "bad"), work, processor, within(5))) == ["1"]


def test_a_fifo_queue_keeps_its_order() -> None:
    """What comes after the unfinished message waits for it."""
    work = Work()
    response = process_partial_response(
        event("good", "slow", "good"), work, SqsFifoPartialProcessor(), within(0.4)
    )
    assert failed(response) == ["1", "2"]
    assert work.begun == ["0", "1"]


def test_tasks_that_are_not_done_are_cancelled() -> None:
    """Records that run side by side each have the deadline."""
    cancelled: list[str] = []

    async def work(record: SQSRecord) -> None:
        try:
            await asyncio.sleep(60 if record.body == "slow" else 0)
        except asyncio.CancelledError:
            cancelled.append(record.message_id)
            raise

    response = async_process_partial_response(
        event("slow", "good", "slow"),
        work,
        AsyncBatchProcessor(event_type=EventType.SQS),
        within(0.4),
    )
    assert sorted(failed(response)) == ["0", "2"]  # in whichever order they were cancelled
    assert sorted(cancelled) == ["0", "2"]


def test_inside_a_decorated_handler_the_reply_comes_first() -> None:
    """The processor ends a little before the decorator's deadline, which would else take the whole reply."""
    work = Work()

    @event_handler
    def handler(event: Any, context: Any) -> Any:
        return process_partial_response(event, work, BatchProcessor(event_type=EventType.SQS), context)

    assert failed(handler(event("good", "slow", "good"), within(0.6))) == ["1", "2"]


def test_each_record_is_logged_under_its_own_id() -> None:
    """As with this library's own queue handler."""
    seen: list[str | None] = []

    def work(record: SQSRecord) -> None:  # noqa: ARG001 - Powertools names it
        seen.append(correlation.current())

    process_partial_response(event("good", "good"), work, BatchProcessor(event_type=EventType.SQS), within(5))
    assert seen == ["0", "1"]


STREAM = """
import time
from aws_lambda_powertools.utilities.batch import EventType, process_partial_response
from constructs_lib.runtime.powertools import BatchProcessor

processor = BatchProcessor(event_type=EventType.KinesisDataStreams)

def work(record):
    time.sleep(float(record.kinesis.data_as_text()))

def handler(event, context):
    return process_partial_response(event, work, processor, context)
"""


def test_under_the_real_runtime_no_batch_times_out() -> None:
    """The sandbox lives on, and the next batch is warm."""

    def record(number: int, seconds: float) -> dict[str, Any]:
        data = base64.b64encode(str(seconds).encode()).decode()
        return {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": str(number), "data": data}}

    with Sandbox(source=STREAM, timeout=2) as sandbox:
        first = sandbox.invoke({"Records": [record(1, 0), record(2, 60), record(3, 0)]})
        second = sandbox.invoke({"Records": [record(4, 0)]})
    assert first.outcome == second.outcome == "response", first.payload
    assert failed(first.payload) == ["2", "3"]
    assert second.payload == {"batchItemFailures": []}
    assert second.init_seconds is None
