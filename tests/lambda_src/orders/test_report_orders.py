"""The jobs of POST /reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.lambda_src.orders.events import order, request

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


@pytest.mark.parametrize(
    ("body", "articles"),
    [
        pytest.param({}, {"bolt-m8": 6}, id="all articles"),
        pytest.param({"articles": ["bolt-m8"]}, {"bolt-m8": 6}, id="one article"),
        pytest.param({"articles": ["nut-m8"]}, {}, id="one that was never ordered"),
    ],
)
def test_a_report_adds_up_the_callers_orders(
    start: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    body: dict[str, Any],
    articles: dict[str, int],
) -> None:
    """All pages of them, and nobody else's."""
    place = start("place_order").handler
    for customer, order_id in (("acme", "1"), ("acme", "2"), ("acme", "3"), ("bolts", "1")):
        place(request(customer, body=order(order_id)), None)
    report = start("report_orders")
    monkeypatch.setattr(report, "_PAGE", 2)
    job = {"id": "j-1", "attempt": 1, "caller": "acme", "body": body}
    assert report.make(job, None) == {"orders": 3, "articles": articles}
