"""One id that follows a request through APIs, queues, topics, streams, events and workflows, into every log line.

::

    from constructs_lib.runtime import correlation

    correlation.bind(event, context)                    # the decorators of this library do it for every invocation
    log.info("placed")                                  # {"message": "placed", "correlation_id": "..."}
    http.post(url, headers=correlation.headers())
    sqs.send_message(..., MessageAttributes=correlation.attributes())
    events.put_events(Entries=[{..., "Detail": json.dumps(correlation.payload(detail))}])
    sfn.start_execution(..., input=json.dumps(correlation.payload(order)))

Where it comes from, the first that is there: what the caller named (the header ``X-Correlation-Id`` or ``X-Request-Id``,
the message attribute or member ``correlation_id`` or ``correlationId``); the root of the X-Ray trace, which AWS hands from
service to service by itself; the event's own id; the request id of the invocation. A caller may be anyone, so only ids of
up to 128 letters, digits and ``._:/=+@#-`` are taken: no line break, no quote, nothing that forges a log line.

Lambda's JSON log format writes the id as ``correlation_id`` with every line, because :func:`bind` puts a
:class:`CorrelationFilter` on the root logger's handlers; in the text format it appears where the format names it. For
Powertools' Logger: ``logger.addFilter(CorrelationFilter())``.
"""

from __future__ import annotations

import logging
import os
import re
from contextvars import ContextVar

from constructs_lib.runtime import correlation_sources as sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any

_TRACE = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}[A-Za-z0-9=;:._-]{0,200}")

_bound: ContextVar[str | None] = ContextVar("correlation_id", default=None)
_invocation: str | None = None  # what threads see that the handler starts: they begin with an empty context


def bind(event: object, context: object) -> str:
    """Find the id of this invocation, and make it the current one; it never raises.

    A batch of several records has no id of its own but that of its invocation: bind each with :class:`for_record`.

    Example:
        >>> bind({"headers": {"x-correlation-id": "checkout-4711"}}, None)
        'checkout-4711'
        >>> current()
        'checkout-4711'
    """
    global _invocation  # noqa: PLW0603 - Lambda hands a process one invocation at a time
    request = getattr(context, "aws_request_id", None)
    try:
        found = sources.of_event(event, os.environ.get("_X_AMZN_TRACE_ID"), request)
        _filter_root_handlers()
    except Exception:  # noqa: BLE001 - an event that nobody foresaw does not take the request down
        found = sources.valid(request)
    _invocation = found or os.urandom(8).hex()
    _bound.set(_invocation)
    return _invocation


def current() -> str | None:
    """Give the id that is bound here: of the record, else of the invocation; None before the first one."""
    return _bound.get() or _invocation


class for_record:  # noqa: N801 - reads as a verb: with correlation.for_record(message): ...
    """Make a record's id the current one while it is processed; what the record does not say, the invocation does.

    Args:
        record: one of the event's ``Records``: of a queue, a topic, a Kinesis or a DynamoDB stream.

    Example:
        >>> with for_record({"messageAttributes": {"correlation_id": {"stringValue": "order-7"}}}) as bound:
        ...     bound, current() == bound
        ('order-7', True)
    """

    __slots__ = ("_record", "_token")

    def __init__(self, record: object) -> None:
        self._record = record

    def __enter__(self) -> str | None:
        """Bind it."""
        try:
            found = sources.of_record(self._record)
        except Exception:  # noqa: BLE001 - as in bind
            found = None
        self._token = _bound.set(found or current())
        return current()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Bind again what was bound before."""
        _bound.reset(self._token)


def headers() -> dict[str, str]:
    """Give the headers for the next hop over HTTP: the id, and the X-Ray trace where there is one."""
    found = {} if (bound := current()) is None else {sources.HEADER: bound}
    if _TRACE.fullmatch(trace := os.environ.get("_X_AMZN_TRACE_ID", "")):
        found["X-Amzn-Trace-Id"] = trace
    return found


def attributes() -> dict[str, Any]:
    """Give the id as message attributes of SQS and SNS: ``MessageAttributes=correlation.attributes()``."""
    bound = current()
    return {} if bound is None else {sources.FIELD: {"DataType": "String", "StringValue": bound}}


def payload(data: Mapping[str, Any]) -> dict[str, Any]:
    """Give a copy of an EventBridge detail, a workflow's input or a record with the id in it, unless it has one.

    Example:
        >>> _ = bind({"correlation_id": "order-7"}, None)
        >>> payload({"total": 3})
        {'correlation_id': 'order-7', 'total': 3}
    """
    bound = current()
    return dict(data) if bound is None else {sources.FIELD: bound, **data}


class CorrelationFilter(logging.Filter):
    """Gives every log record that passes the current id as ``correlation_id``, unless it brings one of its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass."""
        if not hasattr(record, sources.FIELD) and (bound := current()) is not None:
            setattr(record, sources.FIELD, bound)
        return True


_filter = CorrelationFilter()


def _filter_root_handlers() -> None:
    for handler in logging.root.handlers:
        handler.addFilter(_filter)  # which adds it once
