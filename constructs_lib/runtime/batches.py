"""A batch of records, of which some may be done and some not when the deadline has passed."""

from __future__ import annotations

import logging

from constructs_lib.errors import RefusedError
from constructs_lib.runtime import correlation
from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.invocation import Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from constructs_lib.errors import DeadlineExceeded

_LOG = logging.getLogger("constructs_lib.runtime")


class BatchWork(Work):
    """A batch, of which some may be done and some not."""

    __slots__ = ("done", "failed", "ordered", "records")

    def __init__(self, function: Callable[..., Any], event: Any, context: Any) -> None:
        super().__init__(function, event, context)
        records = event.get("Records") if isinstance(event, dict) else None
        if not isinstance(records, list):
            got = f"keys {sorted(event)}" if isinstance(event, dict) else type(event).__name__
            allowed, fix = "an event with Records, as SQS and streams send it", "use @event_handler here"
            raise RefusedError("@queue_handler: event", got=got, allowed=allowed, fix=fix)
        self.records = records
        self.ordered = any(map(_is_ordered, records[:1]))
        self.done, self.failed = 0, list[str]()

    def run(self) -> Any:
        """Do record by record, and give back those that failed."""
        while (record := self._next()) is not None:
            try:
                with correlation.for_record(record):
                    self.function(record, self.context)
            except Exception as error:  # noqa: BLE001 - each record stands for itself
                self._fail(record, error)
            self.done += 1
        return self._reply()

    async def run_async(self) -> Any:
        """Do the same with an ``async`` function."""
        while (record := self._next()) is not None:
            try:
                with correlation.for_record(record):
                    await self.function(record, self.context)
            except Exception as error:  # noqa: BLE001 - each record stands for itself
                self._fail(record, error)
            self.done += 1
        return self._reply()

    def late(self, error: DeadlineExceeded) -> tuple[str, Any]:  # noqa: ARG002 - the queue is not told what ran
        """Give back what was not done, too."""
        rest = self.records[self.done :]
        self.failed += map(_identifier, rest)
        return f"gave back {len(self.failed)} of {len(self.records)} records", self._reply()

    def _next(self) -> Any:
        """Give the next record that is to be done, unless the deadline has passed."""
        if self.done >= len(self.records):
            return None
        deadline = Deadline.current()
        if deadline is not None:
            deadline.check()
        return self.records[self.done]

    def _fail(self, record: Any, error: Exception) -> None:
        name = _identifier(record)
        _LOG.error("record %s failed and is given back", name, exc_info=error)
        if self.ordered:  # what comes after it has to wait for it
            self.failed += map(_identifier, self.records[self.done :])
            self.done = len(self.records) - 1
        else:
            self.failed.append(name)

    def _reply(self) -> dict[str, Any]:
        return {"batchItemFailures": [{"itemIdentifier": name} for name in self.failed]}


def _identifier(record: Any) -> str:
    """Name a record as its event source mapping does: by message id, or by sequence number in a stream."""
    if "messageId" in record:
        return str(record["messageId"])
    if "kinesis" in record:
        return str(record["kinesis"]["sequenceNumber"])
    return str(record["dynamodb"]["SequenceNumber"])


def _is_ordered(record: Any) -> bool:
    return record.get("eventSource") != "aws:sqs" or str(record.get("eventSourceARN")).endswith(".fifo")
