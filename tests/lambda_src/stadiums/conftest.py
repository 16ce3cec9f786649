"""A sandbox for the handlers: a real PostgreSQL and a real Redis or Valkey, both over TLS, and the extension's stand-in."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import redis

from constructs_lib import Call, TimeoutBudget, runtime
from constructs_lib.runtime import invocation
from constructs_lib.runtime.extension import shared
from constructs_lib.runtime.telemetry import Sandbox
from tests.lambda_src.stadiums.postgres_server import PASSWORD, USER, PostgresServer
from tests.runtime import redis_server, runtime_api
from tests.runtime.stand_in import StandIn, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PACKAGE = "lambda_src.stadiums"
BUDGET = TimeoutBudget(
    gateway=15,
    init=2,
    calls=[
        Call("stadiums-db", connect=1.4, read=0.7, attempts=2, backoff=0),
        Call("cache", connect=0.1, read=0.1, attempts=1),
        Call("parameters-and-secrets", connect=0.05, read=1, attempts=1),
    ],
)


class Services(NamedTuple):
    """What the handlers work with."""

    database: PostgresServer
    cache: redis_server.RedisServer
    values: StandIn
    variables: dict[str, str]  # what Lambda and the constructs set in the handlers' environment


@pytest.fixture(scope="session")
def database() -> Iterator[PostgresServer]:
    """Run a PostgreSQL that holds the table."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def cache() -> Iterator[redis_server.RedisServer]:
    """Run a Redis or Valkey."""
    with redis_server.RedisServer(tls=True) as server:
        yield server


@pytest.fixture
def services(
    database: PostgresServer,
    cache: redis_server.RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Services]:
    """Run the stand-in too, and tell the handlers where everything is."""
    with stand_in() as values:
        values.store.parameters["/stadiums/database"] = json.dumps(database.address)
        values.store.parameters["/stadiums/settings"] = json.dumps({"page_size": 50, "cache_seconds": 60})
        values.store.secrets["stadiums/cache"] = redis_server.PASSWORD
        values.store.secrets["stadiums/database"] = json.dumps({"username": USER, "password": PASSWORD})
        trusted = tmp_path / "trusted.pem"
        trusted.write_text(database.certificate.read_text() + cache.certificate.read_text())
        variables = {
            **values.environment,
            "AWS_REGION": "eu-west-1",
            "CACHE_SECRET": "stadiums/cache",
            "CACHE_URL": f"rediss://localhost:{cache.port}/0",
            "DATABASE_PARAMETER": "/stadiums/database",
            "DATABASE_SECRET": "stadiums/database",
            "SETTINGS_PARAMETER": "/stadiums/settings",
            "SSL_CERT_FILE": str(trusted),
            "TIMEOUT_BUDGET": BUDGET.to_json(),
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield Services(database, cache, values, variables)


@pytest.fixture
def start(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Import the handler anew, as a new sandbox does, with an empty cache."""

    def fresh() -> Any:
        forget()
        sandbox = Sandbox()
        for knows_it in (runtime, invocation):
            monkeypatch.setattr(knows_it, "sandbox", sandbox)
        # Connect now: the stand-in answers from a thread of this process, which would pass for one of the handler's.
        shared.parameter("/stadiums/settings")
        return importlib.import_module(f"{PACKAGE}.read_stadiums").handler

    empty(services.cache)
    yield fresh
    forget()


@pytest.fixture
def sandbox(services: Services) -> Iterator[runtime_api.Sandbox]:
    """Run the handler under Lambda's own runtime client, 5 s a request."""
    empty(services.cache)
    environment = {name: os.environ[name] for name in services.variables}
    source = f"from {PACKAGE}.read_stadiums import handler"
    with runtime_api.Sandbox(source=source, timeout=5, environment=environment) as made:
        yield made


def empty(cache: redis_server.RedisServer) -> None:
    """Forget everything that the cache keeps."""
    with redis.Redis.from_url(cache.url, ssl_ca_certs=str(cache.certificate)) as client:
        client.flushall()


def forget() -> None:
    """End the sandbox: its connections go, and its modules."""
    shared.close()
    if f"{PACKAGE}.read_stadiums" in sys.modules:
        sys.modules[f"{PACKAGE}.database"].database.close()
        sys.modules[f"{PACKAGE}.answers"].store.close()
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]
