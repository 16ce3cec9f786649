"""The events that the orders system sends, on a bus of its own."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import boto3

from constructs_lib.runtime import correlation, downstream, waits

if TYPE_CHECKING:
    from collections.abc import Mapping

_CALL = "event-bus"
_client = boto3.client("events", config=waits(_CALL).botocore_config())


class EventRefusedError(Exception):
    """The bus has not taken an event."""


def publish(kind: str, detail: Mapping[str, Any]) -> None:
    """Send an event, with the correlation id in it.

    Raises:
        EventRefusedError: PutEvents has answered 200, and yet refused it.
    """
    entry: Any = {
        "EventBusName": os.environ["EVENT_BUS"],
        "Source": "orders",
        "DetailType": kind,
        "Detail": json.dumps(correlation.payload(detail)),
    }
    with downstream(_CALL):
        answer = _client.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        refused = answer["Entries"][0]
        raise EventRefusedError(f"{kind}: {refused.get('ErrorCode')}: {refused.get('ErrorMessage')}")
