"""POST /orders/{order_id}/notifications, worked off asynchronously."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lambda_src.orders.events import order, request

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.lambda_src.orders.conftest import Aws


def test_a_notification_is_noted(start: Callable[[str], ModuleType], aws: Aws) -> None:
    """A notified order says by which channel."""
    start("place_order").handler(request(body=order()), None)
    start("notify_customer").handler(notification(), None)
    key = {"customer": {"S": "acme"}, "order_id": {"S": "1001"}}
    item = aws.dynamodb.get_item(TableName="orders", Key=key)["Item"]
    assert item["notified_by"] == {"S": "email"}


def test_an_unknown_order_fails(start: Callable[[str], ModuleType], aws: Aws) -> None:
    """Without the order the worker raises, so that Lambda tries again and the event ends in the dead-letter queue."""
    worker = start("notify_customer")
    with pytest.raises(worker.order_table.OrderNotFoundError, match="acme has no order 1001"):
        worker.handler(notification(), None)
    assert aws.dynamodb.scan(TableName="orders")["Count"] == 0


def notification() -> dict[str, object]:
    """Make the event that the API's integration makes of the request."""
    return {
        "requestContext": {"caller": "acme"},
        "pathParameters": {"order_id": "1001"},
        "body": '{"channel": "email"}',
    }
