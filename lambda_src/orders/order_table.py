"""The orders in DynamoDB: one item an order, under its customer and the number that the customer gave it."""

from __future__ import annotations

import os
from typing import Any, TypedDict

import boto3

from constructs_lib.runtime import downstream, waits


class Line(TypedDict):
    """So many of an article."""

    article: str
    quantity: int


class Order(TypedDict):
    """What a customer ordered, and when (ISO 8601, UTC)."""

    customer: str
    order_id: str
    placed_at: str
    lines: list[Line]


class OrderNotFoundError(Exception):
    """The customer has no order of that number."""


CALL = "orders-table"  # as the budgets name it

# Made at import, in the init phase: it takes longer than any request.
_client = boto3.client("dynamodb", config=waits(CALL).botocore_config())
_TABLE = os.environ["ORDERS_TABLE"]


def page(customer: str, size: int, after: str | None) -> tuple[list[Order], str | None]:
    """Give the customer's next orders after one of them, and the last one's number if there are more."""
    start: dict[str, Any] = {"ExclusiveStartKey": _key(customer, after)} if after else {}
    with downstream(CALL):
        found = _client.query(
            TableName=_TABLE,
            KeyConditionExpression="customer = :customer",
            ExpressionAttributeValues={":customer": {"S": customer}},
            Limit=size,
            **start,
        )
    last: Any = found.get("LastEvaluatedKey")
    return [_order(item) for item in found["Items"]], last["order_id"]["S"] if last else None


def get(customer: str, order_id: str) -> Order | None:
    """Give one order of a customer."""
    with downstream(CALL):
        item = _client.get_item(TableName=_TABLE, Key=_key(customer, order_id)).get("Item")
    return _order(item) if item else None


def place(order: Order) -> Order:
    """Keep an order unless the customer has one of that number; return the one that is kept.

    So a request may be sent again: by the caller after a 504, or by the SDK after a write whose answer was lost.
    """
    try:
        with downstream(CALL):
            _client.put_item(
                TableName=_TABLE,
                Item=_item(order),
                ConditionExpression="attribute_not_exists(order_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
    except _client.exceptions.ConditionalCheckFailedException as error:
        refusal: Any = error.response
        return _order(refusal["Item"])
    return order


def mark_notified(customer: str, order_id: str, channel: str) -> None:
    """Note on an order how its customer was notified.

    Raises:
        OrderNotFoundError: there is no such order.
    """
    try:
        with downstream(CALL):
            _client.update_item(
                TableName=_TABLE,
                Key=_key(customer, order_id),
                UpdateExpression="SET notified_by = :channel",
                ConditionExpression="attribute_exists(order_id)",
                ExpressionAttributeValues={":channel": {"S": channel}},
            )
    except _client.exceptions.ConditionalCheckFailedException as error:
        raise OrderNotFoundError(f"{customer} has no order {order_id}") from error


def _key(customer: str, order_id: str) -> dict[str, Any]:
    return {"customer": {"S": customer}, "order_id": {"S": order_id}}


def _item(order: Order) -> dict[str, Any]:
    lines = [
        {"M": {"article": {"S": line["article"]}, "quantity": {"N": str(line["quantity"])}}}
        for line in order["lines"]
    ]
    key = _key(order["customer"], order["order_id"])
    return {**key, "placed_at": {"S": order["placed_at"]}, "lines": {"L": lines}}


def _order(item: dict[str, Any]) -> Order:
    lines = (line["M"] for line in item["lines"]["L"])
    return {
        "customer": item["customer"]["S"],
        "order_id": item["order_id"]["S"],
        "placed_at": item["placed_at"]["S"],
        "lines": [
            {"article": line["article"]["S"], "quantity": int(line["quantity"]["N"])} for line in lines
        ],
    }
