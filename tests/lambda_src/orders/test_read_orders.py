"""GET /orders and GET /orders/{order_id}."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.lambda_src.orders.events import order, request

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    Handler = Callable[[dict[str, Any], object], dict[str, Any]]


@pytest.fixture
def read(start: Callable[[str], ModuleType]) -> Handler:
    """Give the handler, over three orders of acme and one of bolts."""
    place = start("place_order").handler
    for customer, order_id in (("acme", "1"), ("acme", "2"), ("acme", "3"), ("bolts", "1")):
        place(request(customer, body=order(order_id)), None)
    handler: Handler = start("read_orders").handler
    return handler


def body_of(answer: dict[str, Any]) -> Any:
    """Read the body of an answer that has to be a 200."""
    assert answer["statusCode"] == 200
    return json.loads(answer["body"])


def test_a_page_is_as_long_as_the_settings_say(read: Handler) -> None:
    """The first page holds page_size orders and the number after which the next one starts."""
    page = body_of(read(request(), None))
    assert [found["order_id"] for found in page["orders"]] == ["1", "2"]
    assert page["after"] == "2"


def test_the_last_page_has_no_next(read: Handler) -> None:
    """The page after the first holds the rest, and names none after it."""
    page = body_of(read(request(query={"after": "2"}), None))
    assert [found["order_id"] for found in page["orders"]] == ["3"]
    assert page["after"] is None


def test_a_customer_sees_no_other_orders(read: Handler) -> None:
    """A page holds the caller's own orders only."""
    page = body_of(read(request("bolts"), None))
    assert [found["customer"] for found in page["orders"]] == ["bolts"]


def test_one_order_is_found_by_its_number(read: Handler) -> None:
    """The order that the path names is answered whole."""
    found = body_of(read(request(path={"order_id": "3"}), None))
    assert found["lines"] == order()["lines"]


@pytest.mark.parametrize("customer", ["acme", "bolts"])
def test_an_unknown_order_is_not_found(read: Handler, customer: str) -> None:
    """A number that nobody used gets 404."""
    assert read(request(customer, path={"order_id": "4"}), None)["statusCode"] == 404


def test_another_customers_order_is_not_found(read: Handler) -> None:
    """A number that only somebody else used gets 404 too: it is nobody's business that it exists."""
    assert read(request("bolts", path={"order_id": "3"}), None)["statusCode"] == 404


def test_settings_change_without_a_deployment(read: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parameter that has changed is followed by a sandbox that has read it before."""
    before = read(request(), None)
    new = {"/orders/settings": {"page_size": 3, "largest_quantity": 100}}
    monkeypatch.setenv("CONSTRUCTS_LIB_LOCAL_PARAMETERS", json.dumps(new))
    assert [len(body_of(answer)["orders"]) for answer in (before, read(request(), None))] == [2, 3]
