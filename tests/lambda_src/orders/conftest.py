"""A sandbox for the handlers: moto for AWS, the environment for parameters and secrets, a fresh import for a start."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from constructs_lib import Call, TimeoutBudget, runtime
from constructs_lib.runtime import invocation
from constructs_lib.runtime.telemetry import Sandbox
from tests.lambda_src.orders.events import SIGNING_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

PACKAGE = "lambda_src.orders"
REGION = "eu-west-1"
BUDGET = TimeoutBudget(
    gateway=29,
    init=3,
    calls=[
        Call("orders-table", connect=0.5),
        Call("fulfilment-queue", connect=0.5),
        Call("event-bus", connect=0.5),
        Call("manifest", connect=0.5),
        Call("progress-table", connect=0.5),
    ],
)

SETTINGS = {"page_size": 2, "largest_quantity": 100}


class Aws(NamedTuple):
    """Clients of the services that the handlers use."""

    dynamodb: Any
    events: Any
    s3: Any
    sqs: Any


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables that Lambda and the construct set."""
    variables = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "CONSTRUCTS_LIB_LOCAL_PARAMETERS": json.dumps({"/orders/settings": SETTINGS}),
        "CONSTRUCTS_LIB_LOCAL_SECRETS": json.dumps({"orders/signing-key": SIGNING_KEY}),
        "EVENT_BUS": "orders-bus",
        "FULFILMENT_QUEUE": f"https://sqs.{REGION}.amazonaws.com/123456789012/fulfilment",
        "ORDERS_TABLE": "orders",
        "SETTINGS_PARAMETER": "/orders/settings",
        "SIGNING_KEY_SECRET": "orders/signing-key",
        "TIMEOUT_BUDGET": BUDGET.to_json(),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture(scope="session")
def clients() -> Aws:
    """Give clients of moto's AWS, made once: that takes longer than what they are used for."""
    session = boto3.session.Session("testing", "testing", region_name=REGION)
    return Aws(
        dynamodb=session.client("dynamodb"),
        events=session.client("events"),
        s3=session.client("s3"),
        sqs=session.client("sqs"),
    )


@pytest.fixture
def aws(environment: None, clients: Aws) -> Iterator[Aws]:  # noqa: ARG001 - handlers' clients read it
    """Give an AWS that holds the table, the queue, and a bus whose events end in a queue."""
    with mock_aws():
        names = ("customer", "order_id", "to_close_since")
        clients.dynamodb.create_table(
            TableName="orders",
            KeySchema=_key("customer", "order_id"),
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "ToClose",
                    "KeySchema": _key("customer", "to_close_since"),
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        clients.sqs.create_queue(QueueName="fulfilment")
        url = clients.sqs.create_queue(QueueName="heard")["QueueUrl"]
        clients.events.create_event_bus(Name="orders-bus")
        rule = {"EventBusName": "orders-bus"}
        clients.events.put_rule(Name="all", EventPattern='{"source": ["orders"]}', **rule)
        about = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        clients.events.put_targets(
            Rule="all", Targets=[{"Id": "heard", "Arn": about["Attributes"]["QueueArn"]}], **rule
        )
        yield clients


@pytest.fixture
def start(
    aws: Aws,  # noqa: ARG001 - handlers call it
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[str], ModuleType]]:
    """Import a handler's module anew, as a new sandbox does."""

    def fresh(module: str) -> ModuleType:
        forget()
        sandbox = Sandbox()
        for knows_it in (runtime, invocation):
            monkeypatch.setattr(knows_it, "sandbox", sandbox)
        return importlib.import_module(f"{PACKAGE}.{module}")

    yield fresh
    forget()


def forget() -> None:
    """End the sandbox: its modules go."""
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


def heard(aws: Aws) -> list[dict[str, Any]]:
    """Take the events that have been sent to the bus since the last look."""
    url = aws.sqs.get_queue_url(QueueName="heard")["QueueUrl"]
    found = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def _key(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]
