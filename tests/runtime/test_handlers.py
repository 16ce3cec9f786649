"""Every kind of handler is answered before its sandbox is killed, each in its own way."""

# ruff: noqa: ARG001, ARG005 - every handler takes an event and a context

from __future__ import annotations

import asyncio
import json
import logging
import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest

from constructs_lib.errors import DeadlineExceeded, RefusedError
from constructs_lib.runtime import (
    Deadline,
    api_handler,
    correlation,
    event_handler,
    queue_handler,
    step_handler,
)
from constructs_lib.timeouts.carriers import WARM_UP_KEY
from tests.runtime.invocations import FOR_EVER, Context, sqs

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator


def given_back(reply: Any) -> list[str]:
    """List what a batch's reply gives back."""
    return [failure["itemIdentifier"] for failure in reply["batchItemFailures"]]


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"httpMethod": "GET"}, 503),
        ({"httpMethod": "POST"}, 504),
        ({"requestContext": {"http": {"method": "DELETE"}}}, 503),
        ({"requestContext": {"http": {"method": "PATCH"}}}, 504),
        ({"requestContext": None}, 504),
        ("no request at all", 504),
    ],
)
def test_an_api_is_told_whether_it_may_try_again(event: Any, status: int) -> None:
    """503 with Retry-After where a second request does no harm, 504 where nobody knows how far the first one came."""

    @api_handler(retry_after=2, headers={"Access-Control-Allow-Origin": "https://shop.example"})
    def handler(event: Any, context: Any) -> Any:
        time.sleep(FOR_EVER)

    reply = handler(event, Context(0.2))
    assert reply["statusCode"] == status
    assert reply["headers"].get("Retry-After") == ("2" if status == 503 else None)
    assert reply["headers"]["Access-Control-Allow-Origin"] == "https://shop.example"
    assert json.loads(reply["body"])["requestId"] == Context.aws_request_id


def test_a_request_that_came_too_late_is_not_begun() -> None:
    """After a suppressed init that took all of the time, nothing is half done: the caller may try again."""
    begun = []

    @api_handler
    def handler(event: Any, context: Any) -> Any:
        begun.append(event)

    assert handler({"httpMethod": "POST"}, Context(0))["statusCode"] == 503
    assert not begun


def test_a_reply_in_time_is_passed_on_as_it_is() -> None:
    """The decorator adds nothing to a good answer."""
    answer = {"statusCode": 201, "body": "{}"}
    assert api_handler(lambda event, context: answer)({"httpMethod": "POST"}, Context()) is answer


@pytest.mark.parametrize("kind", [api_handler, step_handler, event_handler])
def test_an_error_of_the_handler_is_its_own(kind: Callable[..., Any]) -> None:
    """It reaches Lambda unchanged, to be counted, retried or answered as ever."""

    def work(event: Any, context: Any) -> None:
        raise KeyError("order_id")

    with pytest.raises(KeyError, match="order_id"):
        kind(work)({}, Context())


def test_an_event_that_is_cut_is_an_error() -> None:
    """Lambda's retries and dead-letter queues begin with an error."""
    with pytest.raises(DeadlineExceeded):
        event_handler(lambda event, context: time.sleep(FOR_EVER))({}, Context(0.2))


def test_a_batch_gives_back_what_failed_and_what_was_not_reached() -> None:
    """The rest is done and stays done."""
    done: list[str] = []

    @queue_handler
    def handler(record: Any, context: Any) -> None:
        if record["body"] == "slow":
            time.sleep(FOR_EVER)
        if record["body"] == "bad":
            raise ValueError("no such article")
        done.append(record["messageId"])

    reply = handler(sqs("good", "bad", "good", "slow", "good"), Context(0.3))
    assert done == ["0", "2"]
    assert given_back(reply) == ["1", "3", "4"]


def test_a_fifo_batch_gives_back_everything_after_the_first_failure() -> None:
    """Else a later message of a group would overtake an earlier one."""
    done: list[str] = []

    @queue_handler
    def handler(record: Any, context: Any) -> None:
        if record["body"] == "bad":
            raise ValueError("no such article")
        done.append(record["messageId"])

    reply = handler(sqs("good", "bad", "good", fifo=True), Context())
    assert done == ["0"]
    assert given_back(reply) == ["1", "2"]


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("aws:kinesis", lambda number: {"kinesis": {"sequenceNumber": number}}),
        ("aws:dynamodb", lambda number: {"dynamodb": {"SequenceNumber": number}}),
    ],
)
def test_a_stream_gives_back_sequence_numbers_in_order(source: str, body: Callable[[str], Any]) -> None:
    """Lambda goes on from the lowest one."""
    seen = []

    @queue_handler
    def handler(record: Any, context: Any) -> None:
        seen.append(record)
        if len(seen) == 2:
            raise ValueError("poison")

    records = [{"eventSource": source, **body(number)} for number in ("10", "11", "12")]
    assert given_back(handler({"Records": records}, Context())) == ["11", "12"]


def test_a_failed_record_is_logged_without_its_body(caplog: pytest.LogCaptureFixture) -> None:
    """The error is there with its traceback; what the message says is not."""

    @queue_handler
    def handler(record: Any, context: Any) -> None:
        raise ValueError("no such article")

    with caplog.at_level(logging.ERROR):
        handler(sqs("card=4111111111111111"), Context())
    assert "record 0 failed" in caplog.text
    assert "no such article" in caplog.text
    assert "4111" not in caplog.text


def test_each_record_has_a_correlation_id_of_its_own() -> None:
    """What one message's sender named is not what the next one's did."""
    seen = []

    @queue_handler
    def handler(record: Any, context: Any) -> None:
        seen.append(correlation.current())

    event = sqs("a", "b")
    for record, name in zip(event["Records"], ("order-7", "order-8"), strict=True):
        record["messageAttributes"] = {"correlation_id": {"stringValue": name}}
    handler(event, Context())
    assert seen == ["order-7", "order-8"]


def test_an_event_without_records_is_refused() -> None:
    """The message says what came and which decorator fits."""
    with pytest.raises(RefusedError, match=r"got keys \['detail'\].*@event_handler"):
        queue_handler(lambda record, context: None)({"detail": {}}, Context())


def test_a_step_goes_on_from_its_last_checkpoint() -> None:
    """However often it is cut, every piece is done, and the last reply is the generator's own."""
    done: list[int] = []

    @step_handler
    def handler(event: Any, context: Any) -> Generator[int, None, Any]:
        for piece in range(event["checkpoint"] or 0, 6):
            time.sleep(0.05)
            done.append(piece)
            yield piece + 1
        return {"pieces": 6}

    reply: Any = {"checkpoint": None}
    rounds = 0
    while set(reply) == {"checkpoint"}:
        reply = handler(reply, Context(0.25))
        rounds += 1
    assert done == [0, 1, 2, 3, 4, 5]
    assert reply == {"pieces": 6}
    assert rounds > 1


def test_a_step_that_is_cut_inside_a_piece_gives_back_the_checkpoint_before() -> None:
    """The piece is done again."""

    @step_handler
    def handler(event: Any, context: Any) -> Iterator[str]:
        yield "first"
        time.sleep(FOR_EVER)

    assert handler({}, Context(0.2)) == {"checkpoint": "first"}


def test_a_step_without_progress_fails() -> None:
    """A task that would be invoked for ever with nothing done is an error that a workflow sees."""

    @step_handler
    def handler(event: Any, context: Any) -> Iterator[str]:
        time.sleep(FOR_EVER)
        yield "never"

    with pytest.raises(DeadlineExceeded):
        handler({}, Context(0.2))


def test_a_plain_step_is_answered_as_it_returns() -> None:
    """A task of one piece needs no generator."""
    assert step_handler(lambda event, context: {"done": event})(7, Context()) == {"done": 7}


def test_async_handlers_of_every_kind_are_cut_in_time() -> None:
    """A task that waits is cancelled, and answered as its sync twin is."""

    async def wait(event: Any, context: Any) -> None:
        await asyncio.sleep(FOR_EVER)

    async def record(record: Any, context: Any) -> None:
        await asyncio.sleep(FOR_EVER if record["body"] == "slow" else 0)

    async def step(event: Any, context: Any) -> Any:
        yield 1
        await asyncio.sleep(FOR_EVER)

    assert api_handler(wait)({"httpMethod": "GET"}, Context(0.2))["statusCode"] == 503
    assert given_back(queue_handler(record)(sqs("fast", "slow", "fast"), Context(0.2))) == ["1", "2"]
    assert step_handler(step)({}, Context(0.2)) == {"checkpoint": 1}
    with pytest.raises(DeadlineExceeded):
        event_handler(wait)({}, Context(0.2))


def test_an_async_handler_that_blocks_its_loop_is_cut_all_the_same() -> None:
    """And the next invocation has a loop that works."""

    @api_handler
    async def handler(event: Any, context: Any) -> Any:
        if event["block"]:
            time.sleep(FOR_EVER)  # noqa: ASYNC251 - the very thing
        await asyncio.sleep(0.001)
        return {"statusCode": 200}

    assert handler({"httpMethod": "GET", "block": True}, Context(0.3))["statusCode"] == 503
    assert handler({"httpMethod": "GET", "block": False}, Context())["statusCode"] == 200


def test_the_loop_lives_as_long_as_the_sandbox() -> None:
    """So that an async client's connections can be used again."""

    @event_handler
    async def handler(event: Any, context: Any) -> Any:
        return asyncio.get_running_loop()

    assert handler({}, Context()) is handler({}, Context())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"retry_after": -1}, "retry_after: got -1"),
        ({"retry_after": 0.5}, "retry_after: got 0.5"),
        ({"reserve": -0.1}, "reserve: got -0.1"),
        ({"reserve": "200 ms"}, "reserve: got '200 ms'"),
    ],
)
def test_bad_arguments_are_refused_at_import(arguments: dict[str, Any], message: str) -> None:
    """Not in the first request."""
    decorator: Any = api_handler
    with pytest.raises(RefusedError, match=message):
        decorator(**arguments)(Context)


def test_what_is_no_function_is_refused() -> None:
    """An argument that was meant for the decorator is the usual mistake."""
    wrong: Any = 0.2
    with pytest.raises(RefusedError, match=r"got 0.2; allowed: a function.*@api_handler\(reserve=0.2\)"):
        event_handler(wrong)


def test_a_warm_up_reaches_no_user_code() -> None:
    """It is answered before anything else happens."""
    assert api_handler(lambda event, context: 1 / 0)({WARM_UP_KEY: {}}, Context()) == {"warmed_up": True}


def test_a_handler_in_a_unit_test_needs_no_context() -> None:
    """Without a clock and without a budget there is no deadline."""
    assert event_handler(lambda event, context: Deadline.current())({}, None).remaining() == float("inf")


def test_the_budget_stands_in_for_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the context has none, the function's own timeout counts from now."""
    monkeypatch.setenv("TIMEOUT_BUDGET", '{"function":7}')
    deadline = event_handler(lambda event, context: Deadline.current())({}, None)
    assert 6 < deadline.remaining() <= 7


def test_the_handler_keeps_its_name() -> None:
    """Tools that show the handler show the user's."""

    @api_handler
    def place_order(event: Any, context: Any) -> None:
        """Place an order."""

    assert place_order.__name__ == "place_order"
    assert place_order.__doc__ == "Place an order."


def test_a_mock_of_a_context_stands_for_no_time() -> None:
    """Unit tests hand all kinds of things in; a clock that gives no number, or less than none, is no error of ours."""

    @api_handler
    def handler(event: Any, context: Any) -> Any:
        return {"statusCode": 200}

    assert handler({"httpMethod": "GET"}, MagicMock()) == {"statusCode": 200}
    late = SimpleNamespace(get_remaining_time_in_millis=lambda: -1000)
    assert handler({"httpMethod": "GET"}, late)["statusCode"] == 503


def test_a_coroutine_function_with_arguments_filled_in_is_awaited() -> None:
    """``functools.partial`` does not look like the function in it."""

    async def handler(greeting: str, event: Any, context: Any) -> str:
        return greeting

    assert event_handler(partial(handler, "hello"))({}, Context()) == "hello"
