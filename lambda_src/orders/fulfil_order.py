"""Fulfils the orders of the queue, each once, however often its message comes."""

from __future__ import annotations

import json
import logging
from typing import Any

from constructs_lib.runtime import queue_handler

from . import order_events, order_table

log = logging.getLogger(__name__)


@queue_handler
def handler(record: dict[str, Any], _context: object) -> None:
    """Fulfil one order, then tell everybody.

    A worker that dies between the two gets the message again: it finds the order fulfilled, and tells. So the event
    may come twice, but never not at all.
    """
    key = json.loads(record["body"])
    fulfilled_at, again = order_table.fulfil(key["customer"], key["order_id"])
    order_events.publish("OrderFulfilled", {**key, "fulfilled_at": fulfilled_at})
    log.info("order fulfilled", extra={**key, "again": again})
