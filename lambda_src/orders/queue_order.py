"""Hands each new order of the table's stream to the queue of those that are to be fulfilled."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3

from constructs_lib.runtime import correlation, downstream, queue_handler, waits

_CALL = "fulfilment-queue"
_client = boto3.client("sqs", config=waits(_CALL).botocore_config())


@queue_handler
def handler(record: dict[str, Any], _context: object) -> None:
    """Send the order's key; a record that comes again sends it again, and fulfilling knows it."""
    key = {name: value["S"] for name, value in record["dynamodb"]["Keys"].items()}
    with downstream(_CALL):
        _client.send_message(
            QueueUrl=os.environ["FULFILMENT_QUEUE"],
            MessageBody=json.dumps(key),
            MessageAttributes=correlation.attributes(),
        )
