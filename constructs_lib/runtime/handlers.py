"""Decorators for handlers, one for each way of being invoked, because each is answered in its own way in time.

=================  ================================================  ========================================
decorator          invoked by                                        a deadline that has passed is answered by
=================  ================================================  ========================================
`api_handler`      REST, HTTP and WebSocket APIs, ALB, function URL  503 with Retry-After, or 504
`queue_handler`    SQS, Kinesis, DynamoDB streams                    ``batchItemFailures`` of the rest
`step_handler`     Step Functions                                    the last checkpoint, to go on from
`event_handler`    anything else: EventBridge, SNS, S3, authorizers  the error, for Lambda to retry
=================  ================================================  ========================================

Each takes a plain or an ``async`` function of event and context (`queue_handler`: of one record and context), and puts
around it what :mod:`constructs_lib.runtime.invocation` describes. Each can be used with or without arguments, and all take
``reserve``, the seconds kept for answering, which otherwise follow from the function's memory.
"""

from __future__ import annotations

from constructs_lib.errors import RefusedError
from constructs_lib.runtime.invocation import Work, handler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, overload

    Handler = Callable[..., Any]
    Decorated = Callable[[Any, Any], Any]

if TYPE_CHECKING:

    @overload
    def api_handler(function: Handler) -> Decorated: ...
    @overload
    def api_handler(
        *, retry_after: int = 1, headers: Mapping[str, str] | None = None, reserve: float | None = None
    ) -> Callable[[Handler], Decorated]: ...


def api_handler(
    function: Handler | None = None,
    *,
    retry_after: int = 1,
    headers: Mapping[str, str] | None = None,
    reserve: float | None = None,
) -> Any:
    """Answer an API's request before its deadline, one way or another.

    When the deadline has passed, the caller gets 503 with Retry-After if it may safely try again: the method is idempotent,
    or the handler had not begun. Else it gets 504, which means that nobody knows how far the work went.

    Args:
        function: ``function(event, context)`` that gives a response.
        retry_after: seconds that a 503 asks the caller to wait, >= 0.
        headers: further headers of these answers, such as CORS headers, without which a browser hides them.
        reserve: seconds kept for answering.

    Raises:
        RefusedError: ``retry_after`` or ``reserve`` is negative or no number, or what is decorated is no function.

    Example:
        >>> @api_handler
        ... def handler(event, context):
        ...     return {"statusCode": 200, "body": "{}"}
        >>> handler({"httpMethod": "GET"}, None)
        {'statusCode': 200, 'body': '{}'}
    """
    from constructs_lib.runtime.requests import RequestWork  # noqa: PLC0415 - a handler is of one kind

    _refuse_unfit(retry_after)

    def work(decorated: Handler) -> Callable[[Any, Any], Work]:
        return lambda event, context: RequestWork(decorated, event, context, retry_after, headers or {})

    return _decorate(function, work, reserve)


if TYPE_CHECKING:

    @overload
    def queue_handler(function: Handler) -> Decorated: ...
    @overload
    def queue_handler(*, reserve: float | None = None) -> Callable[[Handler], Decorated]: ...


def queue_handler(function: Handler | None = None, *, reserve: float | None = None) -> Any:
    """Handle a batch record by record, and give back what was not done: no message is lost or done twice for nothing.

    A record whose function raises is given back; so are, when the deadline comes, the record at work and all after it. Of a
    FIFO queue or a stream, everything after the first failure is given back, too, because order matters. The event source
    mapping must report batch item failures, as ``QueueWorker`` and ``StreamWorker`` set it up; else what is given back is lost.

    Args:
        function: ``function(record, context)``; what it returns is ignored.
        reserve: seconds kept for answering.

    Example:
        >>> @queue_handler
        ... def handler(record, context):
        ...     assert record["body"] != "bad"
        >>> record = {"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:1:orders", "body": "good"}
        >>> handler({"Records": [{**record, "messageId": "1"}, {**record, "messageId": "2"}]}, None)
        {'batchItemFailures': []}
    """
    from constructs_lib.runtime.batches import BatchWork  # noqa: PLC0415 - a handler is of one kind

    def work(decorated: Handler) -> Callable[[Any, Any], Work]:
        return lambda event, context: BatchWork(decorated, event, context)

    return _decorate(function, work, reserve)


if TYPE_CHECKING:

    @overload
    def step_handler(function: Handler) -> Decorated: ...
    @overload
    def step_handler(*, reserve: float | None = None) -> Callable[[Handler], Decorated]: ...


def step_handler(function: Handler | None = None, *, reserve: float | None = None) -> Any:
    """Do one task of a workflow, in as many invocations as it takes.

    A generator function yields a checkpoint after each piece of its work: whatever it needs to go on from there. When the
    next piece is not likely to fit any more, or the deadline ends it, the reply is ``{"checkpoint": <the last one>}``, and
    the workflow invokes the function again with it in the event; ``ChunkedWorkflow`` does so. What the generator
    returns is the reply of a task that is done. A piece that the deadline has ended is done again, so it should be
    idempotent. If not even the first piece fits, the error says so. A plain function is answered by that error at once.

    Args:
        function: ``function(event, context)``.
        reserve: seconds kept for answering.

    Example:
        >>> @step_handler
        ... def handler(event, context):
        ...     for page in range(event.get("checkpoint") or 0, event["pages"]):
        ...         yield page + 1
        ...     return {"pages": event["pages"]}
        >>> handler({"pages": 3}, None)
        {'pages': 3}
    """
    from constructs_lib.runtime.tasks import TaskWork  # noqa: PLC0415 - a handler is of one kind

    def work(decorated: Handler) -> Callable[[Any, Any], Work]:
        return lambda event, context: TaskWork(decorated, event, context)

    return _decorate(function, work, reserve)


if TYPE_CHECKING:

    @overload
    def event_handler(function: Handler) -> Decorated: ...
    @overload
    def event_handler(*, reserve: float | None = None) -> Callable[[Handler], Decorated]: ...


def event_handler(function: Handler | None = None, *, reserve: float | None = None) -> Any:
    """End an event's work at its deadline with an error, so that Lambda retries it or keeps it, and the sandbox lives on.

    Args:
        function: ``function(event, context)``.
        reserve: seconds kept for answering.

    Example:
        >>> @event_handler
        ... def handler(event, context):
        ...     return event["detail"]
        >>> handler({"detail": 7}, None)
        7
    """

    def work(decorated: Handler) -> Callable[[Any, Any], Work]:
        return lambda event, context: Work(decorated, event, context)

    return _decorate(function, work, reserve)


def _decorate(
    function: Handler | None, work: Callable[[Handler], Callable[[Any, Any], Work]], reserve: float | None
) -> Any:
    if function is None:
        return lambda decorated: handler(decorated, work(decorated), reserve)
    return handler(function, work(function), reserve)


def _refuse_unfit(retry_after: object) -> None:
    if isinstance(retry_after, bool) or not isinstance(retry_after, int) or retry_after < 0:
        allowed, fix = "whole seconds >= 0", "1 asks for a second, in which another sandbox may be free"
        raise RefusedError("@api_handler: retry_after", got=repr(retry_after), allowed=allowed, fix=fix)
