"""Tells everybody what the nightly workflow has closed."""

from __future__ import annotations

import json
from typing import Any

import boto3

from constructs_lib.runtime import downstream, step_handler, waits

from . import order_events

_CALL = "progress-table"
_client = boto3.client("dynamodb", config=waits(_CALL).botocore_config())


@step_handler
def handler(event: dict[str, Any], _context: object) -> None:
    """Add up the answers of all batches of the run, whichever execution did them."""
    answers = _answers(event["progress"]["table"], event["run"])
    detail = {name: sum(answer[name] for answer in answers) for name in ("orders", "articles")}
    order_events.publish("OrdersClosed", {"run": event["run"], **detail, "batches": event["batches"]})


def _answers(table: str, run: str) -> list[dict[str, int]]:
    pages = _client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="#run = :run",
        ProjectionExpression="answer",
        ExpressionAttributeNames={"#run": "run"},
        ExpressionAttributeValues={":run": {"S": run}},
    )
    with downstream(_CALL):
        records = [record for page in pages for record in page["Items"]]
    return [json.loads(record["answer"]["S"])["answer"] for record in records if "answer" in record]
