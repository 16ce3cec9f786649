"""GET /orders and GET /orders/{order_id}: the caller's own orders."""

from __future__ import annotations

from typing import Any

from constructs_lib.runtime import api_handler

from . import order_table
from .answers import answer
from .configuration import settings


@api_handler
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with one order if the path names one, else with a page of them."""
    customer = event["requestContext"]["authorizer"]["principalId"]
    if event["pathParameters"]:
        return _one(customer, event["pathParameters"]["order_id"])
    return _page(customer, (event["queryStringParameters"] or {}).get("after"))


def _one(customer: str, order_id: str) -> dict[str, Any]:
    order = order_table.get(customer, order_id)
    return answer(200, order) if order else answer(404, {"message": f"no order {order_id}"})


def _page(customer: str, after: str | None) -> dict[str, Any]:
    orders, last = order_table.page(customer, settings().page_size, after)
    return answer(200, {"orders": orders, "after": last})
