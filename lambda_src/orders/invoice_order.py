"""Writes the invoice of an order that an OrderFulfilled event tells of, once, however often the event comes."""

from __future__ import annotations

import logging
from typing import Any

from constructs_lib.runtime import event_handler

from . import order_table

log = logging.getLogger(__name__)


@event_handler
def handler(event: dict[str, Any], _context: object) -> None:
    """Invoice the order."""
    order = event["detail"]
    new = order_table.invoice(order["customer"], order["order_id"])
    log.info("order invoiced", extra={"order_id": order["order_id"], "again": not new})
