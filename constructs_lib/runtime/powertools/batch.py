"""Powertools' batch processors, ended by the deadline: what is not done goes back, what is done does not.

A batch that runs into the function's timeout comes back as a whole, and its finished records are done twice. These
processors begin no record after the deadline and end the one that meets it; both are failures of their own, and everything
before them stays done. Each record is logged under its own correlation id.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities import batch

from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime import correlation
from constructs_lib.runtime.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

_LOG = logging.getLogger("constructs_lib.runtime")
_FOR_THE_REPLY = (
    0.02  # seconds before the deadline of a decorator around it, which would take the whole reply
)


class _InTime(batch.BasePartialBatchProcessor):
    """What the three processors add to Powertools' own."""

    _deadline: Deadline | None = None

    def __call__(
        self, records: list[dict[str, Any]], handler: Callable[..., Any], lambda_context: Any = None
    ) -> Self:
        super().__call__(records, handler, lambda_context)
        around = Deadline.current()
        if around is None:
            self._deadline = Deadline.from_context(lambda_context)
        else:
            self._deadline = around.within(max(around.remaining() - _FOR_THE_REPLY, 0))
        return self

    def _clean(self) -> None:
        late = sum(isinstance(error, DeadlineExceeded) for _, error, _ in self.exceptions)
        if late:
            _LOG.warning("the deadline has passed: %d of %d records are given back", late, len(self.records))
        super()._clean()  # type: ignore[no-untyped-call]

    def _entire_batch_failed(self) -> bool:
        """Tell whether Powertools is to raise: not for a deadline, after which all records simply go back."""
        late = any(isinstance(error, DeadlineExceeded) for _, error, _ in self.exceptions)
        return not late and super()._entire_batch_failed()

    def _late(self, record: dict[str, Any], error: DeadlineExceeded) -> Any:
        data = self._to_batch_type(record, event_type=self.event_type)
        return self.failure_handler(record=data, exception=(DeadlineExceeded, error, None))

    def _process_record(self, record: dict[str, Any]) -> Any:
        assert self._deadline is not None
        try:
            with correlation.for_record(record), self._deadline.guard():
                return super()._process_record(record)  # type: ignore[safe-super]
        except DeadlineExceeded as error:
            return self._late(record, error)

    async def _async_process_record(self, record: dict[str, Any]) -> Any:
        assert self._deadline is not None
        try:
            with correlation.for_record(record):
                async with self._deadline.guard():
                    return await super()._async_process_record(record)  # type: ignore[safe-super]
        except DeadlineExceeded as error:
            return self._late(record, error)


class BatchProcessor(_InTime, batch.BatchProcessor):
    """Powertools' ``BatchProcessor``, ended by the deadline.

    ::

        processor = BatchProcessor(event_type=EventType.SQS)

        def handler(event, context):
            return process_partial_response(event, record_handler, processor, context)
    """


class SqsFifoPartialProcessor(_InTime, batch.SqsFifoPartialProcessor):
    """Powertools' ``SqsFifoPartialProcessor``, ended by the deadline: what comes after an unfinished message waits for it."""


class AsyncBatchProcessor(_InTime, batch.AsyncBatchProcessor):
    """Powertools' ``AsyncBatchProcessor``, ended by the deadline: the tasks that are not done by then are cancelled."""
