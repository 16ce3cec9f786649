"""Tables for the real Powertools, in a DynamoDB that runs in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

if TYPE_CHECKING:
    from collections.abc import Iterator


class Table:
    """A table with the key that Powertools expects, as the construct makes it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._client = boto3.client("dynamodb", region_name="eu-west-1")
        self._client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def items(self) -> list[Any]:
        """Give all items."""
        return list(self._client.scan(TableName=self.name)["Items"])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Answer every call to AWS in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def idempotency(aws: None) -> Table:  # noqa: ARG001 - that AWS is there
    """Make a table of idempotency records."""
    return Table("records")


@pytest.fixture
def circuits(aws: None) -> Table:  # noqa: ARG001 - that AWS is there
    """Make a table of circuits."""
    return Table("circuits")
