"""One id through every kind of event, into logs and out to the next hop; and none that forges a log line."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.runtime import correlation
from constructs_lib.runtime.correlation_sources import of_event, of_record
from tests.runtime.runtime_api import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = "1-5bef4de7-ad49b0e87f6ef6c87fc2e700"
TRACE = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"
REQUEST = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
NAMED = json.dumps({"total": 3, "correlation_id": "named"})


class Context:
    """As much of a context as the id needs."""

    aws_request_id = REQUEST


@pytest.fixture(autouse=True)
def _untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin each test in a sandbox that has seen nothing, and leave the handlers of this process alone."""
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    monkeypatch.setattr(correlation, "_invocation", None)
    token = correlation._bound.set(None)
    yield
    correlation._bound.reset(token)
    for handler in logging.root.handlers:
        handler.removeFilter(correlation._filter)


EVENTS: dict[str, Any] = {
    "REST": {"headers": {"X-Correlation-ID": "named"}, "requestContext": {"requestId": "own"}},
    "REST, many values": {"headers": None, "multiValueHeaders": {"x-correlation-id": ["a b", "named"]}},
    "HTTP": {"version": "2.0", "headers": {"x-request-id": "named"}, "requestContext": {"requestId": "own"}},
    "WebSocket": {"requestContext": {"connectionId": "C=", "requestId": "own"}, "headers": {"X-Correlation-Id": "named"}},
    "ALB": {"requestContext": {"elb": {}}, "headers": {"x-correlation-id": "named", "x-amzn-trace-id": TRACE}},
    "EventBridge": {"id": "own", "detail-type": "OrderPlaced", "detail": {"correlation_id": "named"}},
    "camel case": {"id": "own", "detail-type": "OrderPlaced", "detail": {"correlationId": "named"}},
    "Scheduler or workflow": {"correlation_id": "named", "total": 3},
    "context object": {"Execution": {"Id": "named"}, "State": {}},
    "context object, long ARN": {"Execution": {"Id": "arn:" + "a" * 200, "Name": "named"}},
    "one message": {"Records": [{"messageId": "own", "messageAttributes": {"correlation_id": {"stringValue": "named"}}}]},
}  # fmt: skip
RECORDS: dict[str, Any] = {
    "SQS attribute": {"messageId": "own", "messageAttributes": {"correlation_id": {"stringValue": "named"}}},
    "SQS body": {"messageId": "own", "body": NAMED},
    "SQS with an SNS envelope": {"messageId": "own", "body": json.dumps({"Type": "Notification", "Message": NAMED})},
    "SQS with SNS attributes": {
        "messageId": "own",
        "body": json.dumps({"Message": "text", "MessageAttributes": {"correlation_id": {"Value": "named"}}}),
    },
    "SQS with an EventBridge event": {"messageId": "own", "body": json.dumps({"id": "x", "detail": json.loads(NAMED)})},
    "SNS attribute": {"Sns": {"MessageId": "own", "MessageAttributes": {"correlation_id": {"Value": "named"}}}},
    "SNS message": {"Sns": {"MessageId": "own", "Message": NAMED}},
    "Kinesis": {"eventID": "own", "kinesis": {"data": base64.b64encode(NAMED.encode()).decode()}},
    "DynamoDB": {"eventID": "own", "dynamodb": {"NewImage": {"correlation_id": {"S": "named"}}}},
    "DynamoDB, removed": {"eventID": "own", "dynamodb": {"OldImage": {"correlation_id": {"S": "named"}}}},
}  # fmt: skip


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_what_the_caller_named_comes_first(event: dict[str, Any]) -> None:
    """Before the trace, the event's own id and the request's."""
    assert of_event(event, TRACE, REQUEST) == "named"


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_record_names_its_own(record: dict[str, Any]) -> None:
    """In a batch every record has come a way of its own."""
    assert of_record(record) == "named"


def test_where_nobody_named_one_the_trace_is_the_id() -> None:
    """AWS hands it from service to service, so hops that know nothing of correlation share it."""
    assert of_event({"requestContext": {"requestId": "own"}}, TRACE, REQUEST) == ROOT
    assert of_record({"messageId": "own", "attributes": {"AWSTraceHeader": TRACE}, "body": "text"}) == ROOT
    assert of_event({"headers": {"x-amzn-trace-id": TRACE}}, None, REQUEST) == ROOT


@pytest.mark.parametrize(
    "event",
    [
        {"requestContext": {"requestId": "own"}},
        {"id": "own", "detail-type": "Scheduled Event", "detail": {}},
        {"Records": [{"messageId": "own", "body": "text"}]},
        {"Records": [{"Sns": {"MessageId": "own", "Message": "text"}}]},
        {"Records": [{"eventID": "own", "kinesis": {"data": "////"}}]},
    ],
)
def test_without_a_trace_the_events_own_id_is_taken(event: dict[str, Any]) -> None:
    """It is what the service's own logs and consoles show."""
    assert of_event(event, None, REQUEST) == "own"


@pytest.mark.parametrize(
    "event", [None, [], "text", 3, {}, {"Records": []}, {"Records": [{}, {}]}, {"headers": []}]
)
def test_at_last_the_request_id_is_taken(event: object) -> None:
    """There is always an id to search for."""
    assert of_event(event, None, REQUEST) == REQUEST


@pytest.mark.parametrize(
    "forged",
    ["a\nERROR root logged in", "a\r", '","level":"ERROR', "\x1b[2J", "", " ", "ä", "a" * 129, 7, ["x\n"], {"a": 1}, "${jndi:x}"],
)  # fmt: skip
def test_an_id_that_could_forge_a_line_is_passed_over(forged: object) -> None:
    """A caller may be anyone."""
    assert of_event({"headers": {"X-Correlation-Id": forged}}, None, REQUEST) == REQUEST
    assert of_event({"correlation_id": forged}, f"Root={forged}", REQUEST) == REQUEST


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(
        ["Records", "headers", "detail", "body", "Sns", "Message", "messageAttributes", "correlation_id", "kinesis", "data",
         "requestContext", "dynamodb", "Execution", "Id", "id", "attributes", "AWSTraceHeader"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.none() | st.text(), st.none() | st.text())
def test_whatever_the_event_the_id_is_safe(event: object, trace: str | None, request: str | None) -> None:
    """No event makes it raise, and nothing but the allowed characters comes out."""
    found = of_event(event, trace, request)
    assert found is None or re.fullmatch(r"[A-Za-z0-9._:/=+@#-]{1,128}", found, re.ASCII)
    of_record(event)


def test_deep_nesting_is_no_way_to_fail_a_request() -> None:
    """A body that the JSON reader refuses is only text."""
    body = '{"correlation_id":' + "[" * 100_000
    assert of_record({"messageId": "own", "body": body}) == "own"


def test_what_a_handler_sends_on() -> None:
    """Headers for HTTP with the trace, attributes for messages, a member for details and inputs."""
    assert correlation.headers() == correlation.attributes() == correlation.payload({}) == {}
    correlation.bind({"correlation_id": "order-7"}, Context())
    assert correlation.headers() == {"X-Correlation-Id": "order-7"}
    assert correlation.attributes() == {"correlation_id": {"DataType": "String", "StringValue": "order-7"}}
    assert correlation.payload({"total": 3}) == {"correlation_id": "order-7", "total": 3}
    assert correlation.payload({"correlation_id": "kept"}) == {"correlation_id": "kept"}


def test_the_trace_goes_along_where_it_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header is never made of what is not a trace."""
    correlation.bind({}, Context())
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    assert correlation.headers()["X-Amzn-Trace-Id"] == TRACE
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"{TRACE}\r\nX-Admin: 1")
    assert "X-Amzn-Trace-Id" not in correlation.headers()


def test_what_is_sent_is_found_again_on_the_other_side() -> None:
    """A message, a notification, an event, an input and a request each carry the id over."""
    correlation.bind({"correlation_id": "order-7"}, Context())
    attributes = correlation.attributes()["correlation_id"]
    assert of_event({"headers": correlation.headers()}, None, None) == "order-7"
    assert of_event({"detail": correlation.payload({})}, None, None) == "order-7"
    assert of_event(correlation.payload({"total": 3}), None, None) == "order-7"
    assert (
        of_record({"messageAttributes": {"correlation_id": {"stringValue": attributes["StringValue"]}}})
        == "order-7"
    )


def test_each_record_of_a_batch_is_logged_under_its_own_id() -> None:
    """And after the batch the invocation's id is the current one again."""
    invocation = correlation.bind({"Records": [{}, {}]}, Context())
    seen = []
    for record in ({"messageId": "a"}, {"messageId": "b"}, {}, None):
        with correlation.for_record(record):
            seen.append(correlation.current())
    assert seen == ["a", "b", invocation, invocation]
    assert correlation.current() == invocation == REQUEST


def test_threads_of_the_handler_know_the_id() -> None:
    """A thread begins with an empty context, and still logs under the request's id."""
    correlation.bind({"correlation_id": "order-7"}, Context())
    seen: list[str | None] = []
    thread = threading.Thread(target=lambda: seen.append(correlation.current()))
    thread.start()
    thread.join()
    assert seen == ["order-7"]


def test_without_any_context_there_is_still_an_id() -> None:
    """A handler that is called by hand logs under something."""
    assert re.fullmatch(r"[0-9a-f]{16}", correlation.bind(None, None))


def test_powertools_logger_writes_it() -> None:
    """The filter fits the real Logger; a line that brings an id of its own keeps it."""
    written = io.StringIO()
    logger = Logger(service="correlated", stream=written)  # Powertools keeps one a name
    logger.addFilter(correlation.CorrelationFilter())
    correlation.bind({"correlation_id": "order-7"}, Context())
    logger.info("placed")
    logger.info("other", extra={"correlation_id": "own"})
    assert [json.loads(line)["correlation_id"] for line in written.getvalue().splitlines()] == [
        "order-7",
        "own",
    ]


HANDLER = """
import logging
from constructs_lib.runtime import correlation

def handler(event, context):
    correlation.bind(event, context)
    logging.getLogger("shop").warning("placed")
    return correlation.headers()
"""


def test_lambdas_json_logs_have_it_in_every_line() -> None:
    """Under the real runtime, with the log format that the construct sets."""
    with Sandbox(source=HANDLER, environment={"AWS_LAMBDA_LOG_FORMAT": "JSON"}) as sandbox:
        replies = [
            sandbox.invoke(event) for event in ({"correlation_id": "order-7"}, {"correlation_id": "x\ny"})
        ]
    lines = [[line for line in reply.lines if line.get("message") == "placed"] for reply in replies]
    assert [len(found) for found in lines] == [1, 1]
    assert lines[0][0]["correlation_id"] == "order-7"
    assert lines[1][0]["correlation_id"] == ROOT  # of the trace that the Runtime API hands out
    assert replies[0].payload["X-Correlation-Id"] == "order-7"
    assert replies[0].payload["X-Amzn-Trace-Id"].startswith(f"Root={ROOT}")
