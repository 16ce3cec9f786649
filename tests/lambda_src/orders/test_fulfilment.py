"""From the table's stream over the queue to the invoice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.lambda_src.orders.conftest import heard
from tests.lambda_src.orders.events import order, request

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.lambda_src.orders.conftest import Aws

    Start = Callable[[str], ModuleType]

KEY = {"customer": "acme", "order_id": "1001"}
ITEM = {name: {"S": value} for name, value in KEY.items()}
EVENT = {"source": "orders", "detail-type": "OrderFulfilled", "detail": KEY}


def message(key: dict[str, str], message_id: str = "m-1") -> dict[str, Any]:
    """Make a message of the queue."""
    arn = "arn:aws:sqs:eu-west-1:111111111111:fulfilment"
    return {
        "messageId": message_id,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "body": json.dumps(key),
    }


def kept(aws: Aws) -> dict[str, Any]:
    """Give the order as the table has it."""
    item: dict[str, Any] = aws.dynamodb.get_item(TableName="orders", Key=ITEM)["Item"]
    return item


@pytest.fixture
def placed(start: Start) -> None:
    """Place the order."""
    start("place_order").handler(
        {**request(body=order()), "headers": {"X-Correlation-Id": "checkout-7"}}, None
    )


@pytest.mark.usefixtures("placed")
def test_a_new_order_goes_to_the_queue(start: Start, aws: Aws) -> None:
    """The message is the order's key, under the id of the request that placed the order."""
    image = kept(aws)
    record = {
        "eventSource": "aws:dynamodb",
        "eventName": "INSERT",
        "dynamodb": {"SequenceNumber": "1", "Keys": ITEM, "NewImage": image},
    }
    assert start("queue_order").handler({"Records": [record]}, None) == {"batchItemFailures": []}
    url = aws.sqs.get_queue_url(QueueName="fulfilment")["QueueUrl"]
    (sent,) = aws.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(sent["Body"]) == KEY
    assert sent["MessageAttributes"]["correlation_id"]["StringValue"] == "checkout-7"


@pytest.mark.usefixtures("placed")
def test_an_order_is_fulfilled_once_and_told_each_time(start: Start, aws: Aws) -> None:
    """A message that comes again, as after a worker that died before it told, changes nothing and tells again."""
    fulfil = start("fulfil_order")
    assert fulfil.handler({"Records": [message(KEY)]}, None) == {"batchItemFailures": []}
    first = kept(aws)
    assert first["to_close_since"] == first["fulfilled_at"]
    fulfil.order_table._now = lambda: "2099-01-01T00:00:00+00:00"
    assert fulfil.handler({"Records": [message(KEY)]}, None) == {"batchItemFailures": []}
    assert kept(aws) == first
    told = [(event["detail-type"], event["detail"]["fulfilled_at"]) for event in heard(aws)]
    assert told == [("OrderFulfilled", first["fulfilled_at"]["S"])] * 2


@pytest.mark.usefixtures("placed")
def test_an_order_that_nobody_placed_goes_back_alone(start: Start, aws: Aws) -> None:
    """The good message of the batch is done, the bad one is reported, and nothing is told of it."""
    records = [message({**KEY, "order_id": "1002"}, "bad"), message(KEY, "good")]
    answer = start("fulfil_order").handler({"Records": records}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert [event["detail"]["order_id"] for event in heard(aws)] == ["1001"]


@pytest.mark.usefixtures("placed")
def test_an_event_that_the_bus_refuses_is_sent_again(start: Start, aws: Aws) -> None:
    """PutEvents answers 200 for refused entries; the message goes back, so that the event is not lost."""

    class Refusing:
        def put_events(self, **_: Any) -> dict[str, Any]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}

    fulfil = start("fulfil_order")
    fulfil.order_events._client = Refusing()
    answer = fulfil.handler({"Records": [message(KEY)]}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert heard(aws) == []


@pytest.mark.usefixtures("placed")
def test_an_order_is_invoiced_once(start: Start, aws: Aws) -> None:
    """An event that comes twice leaves the first invoice."""
    invoice = start("invoice_order")
    invoice.handler(EVENT, None)
    first = kept(aws)
    invoice.order_table._now = lambda: "2099-01-01T00:00:00+00:00"
    invoice.handler(EVENT, None)
    assert "invoiced_at" in first
    assert kept(aws) == first


def test_an_event_of_no_order_fails(start: Start) -> None:
    """Without the order the function raises, so that the event ends in the dead-letter queue."""
    invoice = start("invoice_order")
    with pytest.raises(invoice.order_table.OrderNotFoundError, match="acme has no order 1001"):
        invoice.handler(EVENT, None)
