"""Handlers of a workflow that writes each item into a ledger and counts what it does, and of one that a caller waits for.

They run inside the local AWS, as their source text.
"""

from __future__ import annotations

import json
import os
import signal
import time
from functools import cache
from typing import Any

import boto3

ROUND = 4  # items that one invocation takes on before it answers a checkpoint


@cache
def ledger() -> Any:
    """Give the table."""
    return boto3.resource("dynamodb").Table(os.environ["LEDGER"])


def count(item: str, name: str) -> int:
    """Add one to a counter of an item, and give it."""
    answer = ledger().update_item(
        Key={"item": item},
        UpdateExpression="ADD #name :one",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    return int(answer["Attributes"][name])


def list_items(event: dict[str, Any], _context: object) -> None:
    """Write the items into the manifest, one a line."""
    count(f"#list {event['run']}", "seen")
    lines = [json.dumps({"id": f"item-{index:03}"}) for index in range(event["input"]["items"])]
    manifest = event["manifest"]
    boto3.client("s3").put_object(
        Bucket=manifest["bucket"], Key=manifest["key"], Body="\n".join(lines).encode()
    )


def work(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Post each item once, die once in the middle of a batch, and fail on the poison item until it is mended."""
    orders = event["input"]
    start = (event["checkpoint"] or {"next": 0})["next"]
    for item in event["items"][start : start + ROUND]:
        name = item["id"]
        time.sleep(orders.get("pause", 0))
        count(name, "seen")
        if name == orders.get("poison") and "Item" not in ledger().get_item(Key={"item": "#mended"}):
            raise ValueError(f"{name} is poison")
        post(name)
        if name == orders.get("kill") and count("#kill", "seen") == 1:
            os.kill(os.getpid(), signal.SIGKILL)
    reached = start + ROUND
    return (
        {"checkpoint": {"next": reached}}
        if reached < len(event["items"])
        else {"posted": len(event["items"])}
    )


def post(name: str) -> None:
    """Post an item: safe to repeat, because the condition holds only once."""
    try:
        ledger().update_item(
            Key={"item": name},
            UpdateExpression="ADD posted :one",
            ConditionExpression="attribute_not_exists(posted)",
            ExpressionAttributeValues={":one": 1},
        )
    except ledger().meta.client.exceptions.ConditionalCheckFailedException:
        count(name, "repeated")


def finalize(event: dict[str, Any], _context: object) -> None:
    """Add up the answers of all batches of the run, whichever execution did them."""
    count("#finalize", "seen")
    table = boto3.resource("dynamodb").Table(event["progress"]["table"])
    records = table.query(
        KeyConditionExpression="#run = :run",
        ExpressionAttributeNames={"#run": "run"},
        ExpressionAttributeValues={":run": event["run"]},
    )["Items"]
    answers = [json.loads(str(record["answer"]))["answer"] for record in records if "answer" in record]
    posted = sum(answer["posted"] for answer in answers)
    ledger().put_item(Item={"item": "#total", "posted": posted, "failed": event["batches"]["failed"]})


def reserve(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Take what the caller sent out of the event of the route."""
    order = json.loads(event["body"])
    return {
        "order": event["pathParameters"]["id"],
        "coupon": event["queryStringParameters"]["coupon"],
        **order,
    }


def charge(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Charge what the step before has reserved."""
    price = event.pop("price")
    if price < 0:
        raise ValueError("a negative price")
    return {**event, "charged": price}
