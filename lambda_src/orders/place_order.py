"""POST /orders: places an order, once, however often the request is sent."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from constructs_lib.runtime import api_handler

from . import order_table
from .answers import answer
from .configuration import settings

log = logging.getLogger(__name__)


@api_handler
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Keep the order of the body, which API Gateway has checked against its schema."""
    wanted, now = json.loads(event["body"]), settings()
    if any(line["quantity"] > now.largest_quantity for line in wanted["lines"]):
        message = f"no more than {now.largest_quantity} of an article"
        return answer(422, {"message": message})
    order: order_table.Order = {
        "customer": event["requestContext"]["authorizer"]["principalId"],
        "order_id": wanted["order_id"],
        "placed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "lines": wanted["lines"],
    }
    kept = order_table.place(order)
    if kept["lines"] != order["lines"]:
        message = f"order {order['order_id']} was placed before, with other lines"
        return answer(409, {"message": message})
    log.info("order placed", extra={"order_id": kept["order_id"], "again": kept is not order})
    return answer(201 if kept is order else 200, kept)
