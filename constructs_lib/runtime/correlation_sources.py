"""Where each kind of event carries a correlation id.

============================  ==============================================================  =================
event                         named by the caller                                             its own id
============================  ==============================================================  =================
API Gateway REST, HTTP,       header X-Correlation-Id, X-Request-Id                           requestContext.requestId
WebSocket; function URL; ALB
SQS                           message attribute, else a member of the body (also of an SNS    messageId
                              or EventBridge envelope in it)
SNS                           message attribute, else a member of the message                 Sns.MessageId
Kinesis                       a member of the data, where that is JSON                        eventID
DynamoDB stream               an attribute of the new or old image                            eventID
EventBridge                   a member of the detail                                          id
Step Functions, Scheduler,    a member of the input; Execution.Id or .Name                    id
direct invocation
============================  ==============================================================  =================
"""

from __future__ import annotations

import binascii
import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

HEADER = "X-Correlation-Id"
FIELD = "correlation_id"
_FIELDS = (FIELD, "correlationId")
_HEADERS = (HEADER.lower(), "x-request-id")
_VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/=+@#-]{0,127}")
_ROOT = re.compile(r"(?:^|;)(?:Root|Self)=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")
_LONGEST_TEXT = 262_144  # characters; what is longer is data, and reading it would take milliseconds
_ENVELOPES = 2  # an EventBridge event in an SNS notification in a queue


def valid(found: object) -> str | None:
    """Give an id that may stand in a log line, or None."""
    return found if isinstance(found, str) and _VALID.fullmatch(found) else None


def of_event(event: object, trace: str | None, request: object) -> str | None:
    """Find the id of an invocation: named, of the trace, of the event, of the request."""
    if not isinstance(event, dict):
        event = {}
    records = event.get("Records")
    if isinstance(records, list) and len(records) == 1 and (named := of_record(records[0])):
        return named
    return _first(_named_in_event(event)) or root_of(trace) or _first(_own_ids(event)) or valid(request)


def of_record(record: object) -> str | None:
    """Find the id of one record of a batch: named, of its trace, its own."""
    if not isinstance(record, dict):
        return None
    trace = _at(record, "attributes", "AWSTraceHeader")
    own = (record.get("messageId"), _at(record, "Sns", "MessageId"), record.get("eventID"))
    return _first(_named_in_record(record)) or root_of(trace) or _first(iter(own))


def root_of(trace: object) -> str | None:
    """Give the root of an X-Ray trace header."""
    found = _ROOT.search(trace) if isinstance(trace, str) else None
    return found[1] if found else None


def _named_in_event(event: dict[str, Any]) -> Iterator[object]:
    yield from _named_in_headers(event)
    yield from _members(event)
    yield from _members(event.get("detail"))
    yield _at(event, "Execution", "Id")
    yield _at(event, "Execution", "Name")  # for an ARN of up to 256 characters is no id


def _named_in_headers(event: dict[str, Any]) -> Iterator[object]:
    for group in ("headers", "multiValueHeaders"):
        if isinstance(given := event.get(group), dict):
            by_name = {name.lower(): value for name, value in given.items() if isinstance(name, str)}
            for name in _HEADERS:
                value = by_name.get(name)
                yield value[-1] if isinstance(value, list) and value else value


def _own_ids(event: dict[str, Any]) -> Iterator[object]:
    if isinstance(
        headers := event.get("headers"), dict
    ):  # a load balancer starts a trace, but has Lambda join none
        yield root_of(headers.get("x-amzn-trace-id"))
    yield _at(event, "requestContext", "requestId")
    yield event.get("id")


def _named_in_record(record: dict[str, Any]) -> Iterator[object]:
    for name in _FIELDS:
        yield _at(record, "messageAttributes", name, "stringValue")
        yield _at(record, "Sns", "MessageAttributes", name, "Value")
        yield _at(record, "dynamodb", "NewImage", name, "S")
        yield _at(record, "dynamodb", "OldImage", name, "S")
    for text in (record.get("body"), _at(record, "Sns", "Message"), _decoded(_at(record, "kinesis", "data"))):
        yield from _named_in_text(text, _ENVELOPES)


def _named_in_text(text: object, envelopes: int) -> Iterator[object]:
    """Look into JSON, and into the envelopes that SNS and EventBridge put around it; other text is passed over."""
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT or not any(name in text for name in _FIELDS):
        return
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from _members(data)
    yield from _members(_at(data, "detail"))
    for name in _FIELDS:
        yield _at(data, "MessageAttributes", name, "Value")
    if envelopes:
        yield from _named_in_text(_at(data, "Message"), envelopes - 1)


def _members(data: object) -> Iterator[object]:
    for name in _FIELDS:
        yield _at(data, name)


def _decoded(data: object) -> str | None:
    try:
        return binascii.a2b_base64(data).decode() if isinstance(data, str) else None
    except ValueError:
        return None


def _at(data: object, *path: str) -> Any:
    for name in path:
        if not isinstance(data, dict):
            return None
        data = data.get(name)
    return data


def _first(candidates: Iterator[object]) -> str | None:
    return next(filter(None, map(valid, candidates)), None)
