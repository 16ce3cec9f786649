"""How the handlers log in to the database."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import boto3
import psycopg
import pytest

from tests.lambda_src.stadiums.postgres_server import PASSWORD, USER
from tests.runtime.moto_aws import moto_aws

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lambda_src.stadiums.conftest import Services


@pytest.fixture
def connection(start: Callable[[], Any]) -> Any:
    """Give the module, as a new sandbox imports it."""
    start()
    return importlib.import_module("lambda_src.stadiums.connection")


def test_a_rotated_password_is_read_afresh(
    connection: Any, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the extension still gives the old password, the login succeeds with the new one."""
    services.values.store.secrets["stadiums/database"] = json.dumps({"username": USER, "password": "old"})
    with moto_aws() as aws:
        for name, value in aws.items():
            monkeypatch.setenv(name, value)
        new = json.dumps({"username": USER, "password": PASSWORD})
        boto3.session.Session().client("secretsmanager").create_secret(
            Name="stadiums/database", SecretString=new
        )
        with connection.connect() as opened:
            assert opened.execute("SELECT 1 AS one").fetchall() == [{"one": 1}]


def test_a_server_of_another_name_is_refused(connection: Any, services: Services) -> None:
    """Whoever stands in the server's way gets no password: its certificate is checked, and its name."""
    address = {**services.database.address, "host": "127.0.0.1"}
    services.values.store.parameters["/stadiums/database"] = json.dumps(address)
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        connection.connect()


def test_without_certificates_of_its_own_the_systems_are_trusted(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server whose certificate nobody signed is refused, by certificates that were found."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        connection.connect()


def test_iam_signs_the_token_that_the_sdk_would(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a secret, the password is what ``generate_db_auth_token`` gives, without the client that takes long to load."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    address = connection.Address("db.internal", 5432, "stadiums", "reader")
    while True:  # until both are signed within one second
        ours = connection.iam_token(address)
        theirs = (
            boto3.session.Session()
            .client("rds", region_name="eu-west-1")
            .generate_db_auth_token("db.internal", 5432, "reader")
        )
        if signed_at(ours) == signed_at(theirs):
            break
    assert ours == theirs


def signed_at(token: str) -> str:
    """Give the second in which a token was signed."""
    return dict(parse_qsl(token))["X-Amz-Date"]


def test_without_a_secret_the_password_is_the_token(
    connection: Any, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is asked for a login as the address's user; this one, which knows no IAM, refuses the token."""
    monkeypatch.delenv("DATABASE_SECRET")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(psycopg.OperationalError, match=f'password authentication failed for user "{USER}"'):
        connection.connect()
    assert not any("SecretId" in asked for asked in services.values.store.asked)
