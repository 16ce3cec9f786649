"""The three steps of the nightly workflow."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.lambda_src.orders.conftest import heard

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.lambda_src.orders.conftest import Aws

    Start = Callable[[str], ModuleType]

LINES = {"L": [{"M": {"article": {"S": "bolt-m8"}, "quantity": {"N": "5"}}}]}


@pytest.fixture
def fulfilled(aws: Aws) -> list[dict[str, str]]:
    """Put orders that were fulfilled 29, 31, 33, 35 and 37 days ago; give their keys."""
    keys = [{"customer": "acme", "order_id": str(days)} for days in range(29, 38, 2)]
    for key in keys:
        at = datetime.now(UTC) - timedelta(days=int(key["order_id"]))
        texts = {**key, **dict.fromkeys(("placed_at", "fulfilled_at", "to_close_since"), at.isoformat())}
        item = {name: {"S": value} for name, value in texts.items()}
        aws.dynamodb.put_item(TableName="orders", Item={**item, "lines": LINES})
    return keys


def listed(start: Start, aws: Aws) -> list[dict[str, str]]:
    """Run the first step, and read its manifest."""
    manifest = {"bucket": "items", "key": "tonight/items.jsonl"}
    start("list_closable").handler({"run": "tonight", "input": {"days": 30}, "manifest": manifest}, None)
    text = aws.s3.get_object(Bucket="items", Key="tonight/items.jsonl")["Body"].read().decode()
    return [json.loads(line) for line in text.splitlines()]


def batch(items: list[dict[str, str]], checkpoint: Any = None) -> dict[str, Any]:
    """Make the event of the second step."""
    return {"run": "tonight", "batch": "0+10", "items": items, "input": {}, "checkpoint": checkpoint}


@pytest.fixture
def bucket(aws: Aws) -> None:
    """Make the workflow's bucket."""
    region = {"LocationConstraint": "eu-west-1"}
    aws.s3.create_bucket(Bucket="items", CreateBucketConfiguration=region)


@pytest.mark.usefixtures("bucket")
def test_old_orders_are_listed_until_they_are_closed(
    start: Start, aws: Aws, fulfilled: list[dict[str, str]]
) -> None:
    """Those of more than thirty days; once they are closed, the index has them no more."""
    items = listed(start, aws)
    assert sorted(item["order_id"] for item in items) == ["31", "33", "35", "37"]
    assert start("close_orders").handler(batch(items), None) == {"orders": 4, "articles": 20}
    assert listed(start, aws) == []
    assert aws.dynamodb.scan(TableName="orders", IndexName="ToClose")["Count"] == len(fulfilled) - 4


def test_a_batch_goes_on_from_its_checkpoint(start: Start, aws: Aws, fulfilled: list[dict[str, str]]) -> None:
    """What is before the checkpoint is left alone, and counted; what a killed invocation had closed stays as it was."""
    close = start("close_orders")
    close.order_table.close(**fulfilled[2])
    before = aws.dynamodb.get_item(TableName="orders", Key={n: {"S": v} for n, v in fulfilled[2].items()})
    close.order_table._now = lambda: "2099-01-01T00:00:00+00:00"
    answer = close.handler(batch(fulfilled, {"orders": 2, "articles": 10}), None)
    assert answer == {"orders": 5, "articles": 25}
    after = aws.dynamodb.get_item(TableName="orders", Key={n: {"S": v} for n, v in fulfilled[2].items()})
    assert after["Item"] == before["Item"]
    closed = [
        item["order_id"]["S"]
        for item in aws.dynamodb.scan(TableName="orders")["Items"]
        if "closed_at" in item
    ]
    assert sorted(closed) == ["33", "35", "37"]


def test_an_order_without_lines_fails_the_batch_and_stays_open(
    start: Start, aws: Aws, fulfilled: list[dict[str, str]]
) -> None:
    """The error names the order, which is not closed; those before it are."""
    key = {name: {"S": value} for name, value in fulfilled[1].items()}
    change = {"UpdateExpression": "REMOVE #lines", "ExpressionAttributeNames": {"#lines": "lines"}}
    aws.dynamodb.update_item(TableName="orders", Key=key, **change)
    close = start("close_orders")
    with pytest.raises(close.order_table.UnreadableOrderError, match="acme's order 31 has no lines"):
        close.handler(batch(fulfilled), None)
    assert "closed_at" not in aws.dynamodb.get_item(TableName="orders", Key=key)["Item"]


def test_an_order_that_is_gone_fails_the_batch(start: Start) -> None:
    """The error names it."""
    close = start("close_orders")
    with pytest.raises(close.order_table.OrderNotFoundError, match="acme has no order 1"):
        close.handler(batch([{"customer": "acme", "order_id": "1"}]), None)


def test_all_batches_are_added_up_and_told(start: Start, aws: Aws) -> None:
    """The answers of the run's batches, and of no other's; a batch that failed has none."""
    keys = [("run", "HASH"), ("batch", "RANGE")]
    aws.dynamodb.create_table(
        TableName="progress",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    answers = {
        ("tonight", "0+10"): 10,
        ("tonight", "10+10"): 7,
        ("tonight", "20+3"): None,
        ("before", "0+10"): 4,
    }
    for (run, name), orders in answers.items():
        record = {"run": {"S": run}, "batch": {"S": name}}
        if orders is not None:
            record["answer"] = {"S": json.dumps({"answer": {"orders": orders, "articles": 2 * orders}})}
        aws.dynamodb.put_item(TableName="progress", Item=record)
    batches = {"total": 3, "succeeded": 2, "failed": 1}
    start("tell_closed").handler(
        {"run": "tonight", "batches": batches, "progress": {"table": "progress"}}, None
    )
    (event,) = heard(aws)
    told = {name: event["detail"][name] for name in ("run", "orders", "articles", "batches")}
    assert event["detail-type"] == "OrdersClosed"
    assert told == {"run": "tonight", "orders": 17, "articles": 34, "batches": batches}
