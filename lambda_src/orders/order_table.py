"""The orders in DynamoDB: one item an order, under its customer and the number that the customer gave it.

An order is placed, fulfilled, invoiced and closed, each by one conditional write: whoever comes again changes nothing.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict

import boto3

from constructs_lib.runtime import correlation, downstream, waits

if TYPE_CHECKING:
    from collections.abc import Iterator


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


class UnreadableOrderError(Exception):
    """An item of the table is no order."""


CALL = "orders-table"  # as the budgets name it

# Made at import, in the init phase: it takes longer than any request.
_client = boto3.client("dynamodb", config=waits(CALL).botocore_config())
_TABLE = os.environ["ORDERS_TABLE"]
_TO_CLOSE = (
    "ToClose"  # the index of the orders that are fulfilled and not closed: no others have its sort key
)


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
    _update(customer, order_id, "SET notified_by = :value", channel)


def fulfil(customer: str, order_id: str) -> tuple[str, bool]:
    """Note that an order is fulfilled; give when it was first, and whether that was before.

    Raises:
        OrderNotFoundError: there is no such order.
    """
    now, change = _now(), "SET fulfilled_at = :value, to_close_since = :value"
    old = _update(customer, order_id, change, now, unless="attribute_exists(fulfilled_at)")
    return (old["fulfilled_at"]["S"], True) if old else (now, False)


def invoice(customer: str, order_id: str) -> bool:
    """Note that an order is invoiced; tell whether it was not before.

    Raises:
        OrderNotFoundError: there is no such order.
    """
    change, unless = "SET invoiced_at = :value", "attribute_exists(invoiced_at)"
    return _update(customer, order_id, change, _now(), unless=unless) is None


def to_close(until: str) -> Iterator[dict[str, str]]:
    """Give the keys of the orders that were fulfilled until then and are not closed."""
    pages = _client.get_paginator("scan").paginate(
        TableName=_TABLE,
        IndexName=_TO_CLOSE,
        FilterExpression="to_close_since <= :until",
        ExpressionAttributeValues={":until": {"S": until}},
    )
    with downstream(CALL):
        for page in pages:
            for item in page["Items"]:
                yield {name: item[name]["S"] for name in ("customer", "order_id")}


def close(customer: str, order_id: str) -> int:
    """Close a fulfilled order, and give how many articles it had; one that is closed stays so.

    Raises:
        OrderNotFoundError: there is no such order.
        UnreadableOrderError: it has no lines.
    """
    order = get(customer, order_id)
    if order is None:
        raise _not_found(customer, order_id)
    change = "SET closed_at = :value REMOVE to_close_since"
    _update(customer, order_id, change, _now(), unless="attribute_exists(closed_at)")
    return sum(line["quantity"] for line in order["lines"])


def _update(customer: str, order_id: str, change: str, value: str, unless: str = "") -> dict[str, Any] | None:
    """Change an order once; give what it was where that has been done before."""
    condition = "attribute_exists(order_id)" + (f" AND NOT {unless}" if unless else "")
    try:
        with downstream(CALL):
            _client.update_item(
                TableName=_TABLE,
                Key=_key(customer, order_id),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeValues={":value": {"S": value}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
    except _client.exceptions.ConditionalCheckFailedException as error:
        refusal: Any = error.response
        if not refusal.get("Item"):
            raise _not_found(customer, order_id) from error
        return dict(refusal["Item"])
    return None


def _not_found(customer: str, order_id: str) -> OrderNotFoundError:
    return OrderNotFoundError(f"{customer} has no order {order_id}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _key(customer: str, order_id: str) -> dict[str, Any]:
    return {"customer": {"S": customer}, "order_id": {"S": order_id}}


def _item(order: Order) -> dict[str, Any]:
    lines = [
        {"M": {"article": {"S": line["article"]}, "quantity": {"N": str(line["quantity"])}}}
        for line in order["lines"]
    ]
    key = _key(order["customer"], order["order_id"])
    bound = correlation.current()  # so that it goes on with the stream's record
    more = {} if bound is None else {"correlation_id": {"S": bound}}
    return {**key, **more, "placed_at": {"S": order["placed_at"]}, "lines": {"L": lines}}


def _order(item: dict[str, Any]) -> Order:
    if "lines" not in item:
        raise UnreadableOrderError(f"{item['customer']['S']}'s order {item['order_id']['S']} has no lines")
    lines = (line["M"] for line in item["lines"]["L"])
    return {
        "customer": item["customer"]["S"],
        "order_id": item["order_id"]["S"],
        "placed_at": item["placed_at"]["S"],
        "lines": [
            {"article": line["article"]["S"], "quantity": int(line["quantity"]["N"])} for line in lines
        ],
    }
