"""POST /orders/{order_id}/notifications: the caller has its 202 already, so a failure ends in the dead-letter queue."""

from __future__ import annotations

import json
import logging
from typing import Any

from constructs_lib.runtime import event_handler

from . import order_table

log = logging.getLogger(__name__)


@event_handler
def handler(event: dict[str, Any], _context: object) -> None:
    """Notify the customer of an order; an order that does not exist is an error, and Lambda tries again."""
    order_id, channel = event["pathParameters"]["order_id"], json.loads(event["body"])["channel"]
    order_table.mark_notified(event["requestContext"]["caller"], order_id, channel)
    log.info("customer notified", extra={"order_id": order_id, "channel": channel})
