"""A sandbox for the handlers: moto for DynamoDB, the extension's stand-in for configuration, a fresh import for a start."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from constructs_lib import Call, TimeoutBudget
from constructs_lib.local.extension import ExtensionServer
from constructs_lib.local.extension_settings import ExtensionSettings
from constructs_lib.local.extension_sources import Clients
from tests.lambda_src.orders.events import SIGNING_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

PACKAGE = "lambda_src.orders"
REGION = "eu-west-1"
BUDGET = TimeoutBudget(
    gateway=15,
    init=3,
    calls=[
        Call("orders-table", connect=0.5),
        Call("parameters-and-secrets", connect=0.05, read=1, attempts=1),
    ],
)


class Aws(NamedTuple):
    """Clients of the services that the handlers use."""

    dynamodb: Any
    ssm: Any
    secrets: Any


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables that Lambda and the construct set."""
    variables = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "session",
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
    return Aws(session.client("dynamodb"), session.client("ssm"), session.client("secretsmanager"))


@pytest.fixture
def aws(environment: None, clients: Aws) -> Iterator[Aws]:  # noqa: ARG001 - handlers' clients read it
    """Give an AWS that holds the table, the parameter and the secret."""
    with mock_aws():
        clients.dynamodb.create_table(
            TableName="orders",
            KeySchema=[
                {"AttributeName": "customer", "KeyType": "HASH"},
                {"AttributeName": "order_id", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "customer", "AttributeType": "S"},
                {"AttributeName": "order_id", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        settings = json.dumps({"page_size": 2, "largest_quantity": 100})
        clients.ssm.put_parameter(Name="/orders/settings", Value=settings, Type="String")
        clients.secrets.create_secret(Name="orders/signing-key", SecretString=SIGNING_KEY)
        yield clients


@pytest.fixture
def extension(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExtensionServer]:
    """Run the stand-in without a cache, and tell the handlers where it answers."""
    settings = ExtensionSettings(port=0, token="session", cache_enabled=False)
    with ExtensionServer(settings, lambda _: Clients(aws.ssm, aws.secrets)) as server:
        monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", str(server.server_port))
        yield server


@pytest.fixture
def start(extension: ExtensionServer) -> Iterator[Callable[[str], ModuleType]]:  # noqa: ARG001 - handlers call it
    """Import a handler's module anew, as a new sandbox does."""

    def fresh(module: str) -> ModuleType:
        forget()
        return importlib.import_module(f"{PACKAGE}.{module}")

    yield fresh
    forget()


def forget() -> None:
    """End the sandbox: its connection goes, and its modules."""
    if configuration := sys.modules.get(f"{PACKAGE}.configuration"):
        configuration._extension.close()
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]
