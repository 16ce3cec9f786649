"""Does one job of POST /reports: adds up all that a customer has ordered."""

from __future__ import annotations

from collections import Counter
from typing import Any

from . import order_table

_PAGE = 100


def make(request: dict[str, Any], _context: object) -> dict[str, Any]:
    """Report the caller's own orders of the articles that the request names, or of all."""
    wanted = request["body"].get("articles")
    found: Counter[str] = Counter()
    orders, after = 0, None
    while True:
        page, after = order_table.page(request["caller"], _PAGE, after)
        orders += len(page)
        for order in page:
            found.update({line["article"]: line["quantity"] for line in order["lines"]})
        if after is None:
            return {
                "orders": orders,
                "articles": {name: n for name, n in found.items() if not wanted or name in wanted},
            }
