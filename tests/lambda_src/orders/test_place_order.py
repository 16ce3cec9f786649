"""POST /orders."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from tests.lambda_src.orders.events import SIGNING_KEY, order, request

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    import pytest

    from tests.lambda_src.orders.conftest import Aws


def test_an_order_is_kept(start: Callable[[str], ModuleType], aws: Aws) -> None:
    """A new order is answered with 201 and stands in the table under its customer."""
    answer = start("place_order").handler(request(body=order()), None)
    key = {"customer": {"S": "acme"}, "order_id": {"S": "1001"}}
    item = aws.dynamodb.get_item(TableName="orders", Key=key)["Item"]
    assert answer["statusCode"] == 201
    assert json.loads(answer["body"])["lines"] == order()["lines"]
    assert item["lines"] == {"L": [{"M": {"article": {"S": "bolt-m8"}, "quantity": {"N": "2"}}}]}


def test_the_same_order_again_changes_nothing(start: Callable[[str], ModuleType]) -> None:
    """A request that is sent again, as after a 504, gets 200 and the order as it was first placed."""
    place = start("place_order").handler
    first = place(request(body=order()), None)
    second = place(request(body=order()), None)
    assert (first["statusCode"], second["statusCode"]) == (201, 200)
    assert json.loads(first["body"]) == json.loads(second["body"])


def test_another_order_of_the_same_number_conflicts(start: Callable[[str], ModuleType]) -> None:
    """A number that stands for other lines already gets 409, and the first order stays."""
    place = start("place_order").handler
    place(request(body=order(quantity=2)), None)
    answer = place(request(body=order(quantity=3)), None)
    again = place(request(body=order(quantity=2)), None)
    assert answer["statusCode"] == 409
    assert again["statusCode"] == 200


def test_the_same_number_of_another_customer_is_another_order(start: Callable[[str], ModuleType]) -> None:
    """Customers count their orders on their own."""
    place = start("place_order").handler
    answers = [place(request(customer, body=order()), None) for customer in ("acme", "bolts")]
    assert [answer["statusCode"] for answer in answers] == [201, 201]


def test_the_largest_quantity_comes_from_the_settings(start: Callable[[str], ModuleType], aws: Aws) -> None:
    """More than the settings allow gets 422, and nothing is kept."""
    answer = start("place_order").handler(request(body=order(quantity=101)), None)
    assert answer["statusCode"] == 422
    assert "100" in json.loads(answer["body"])["message"]
    assert aws.dynamodb.scan(TableName="orders")["Count"] == 0


def test_an_answer_says_where_it_comes_from(start: Callable[[str], ModuleType]) -> None:
    """The first answer of a sandbox is cold, the next is warm."""
    place = start("place_order").handler
    headers = [place(request(body=order(str(number))), None)["headers"] for number in range(2)]
    assert [found["X-Sandbox"] for found in headers] == ["cold", "warm"]


def test_the_secret_stays_secret(
    start: Callable[[str], ModuleType], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither an answer nor a log at any level holds the signing key."""
    with caplog.at_level(logging.DEBUG):
        answer = start("place_order").handler(request(body=order()), None)
    assert "order placed" in caplog.text
    assert SIGNING_KEY not in json.dumps(answer) + caplog.text
