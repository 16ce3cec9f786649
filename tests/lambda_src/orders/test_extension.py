"""The client of the extension."""

from __future__ import annotations

import importlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from lambda_src.orders.extension import Extension, ExtensionError
from lambda_src.orders.waits import Waits, waits_for
from tests.lambda_src.orders.events import SIGNING_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator


class Silent(BaseHTTPRequestHandler):
    """Takes requests and never answers, like an extension that waits for AWS."""

    def do_GET(self) -> None:
        """Wait until the test is over."""
        self.server.over.wait()  # type: ignore[attr-defined]


@pytest.fixture
def silent(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001 - the session token
    """Run an extension that never answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        server.over = threading.Event()  # type: ignore[attr-defined]
        monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", str(server.server_port))
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield
        server.over.set()  # type: ignore[attr-defined]
        server.shutdown()


@pytest.fixture
def client() -> Iterator[Extension]:
    """Give a client that waits longer than any answer takes."""
    extension = Extension(Waits(connect=5, read=5, attempts=1))
    yield extension
    extension.close()


@pytest.mark.usefixtures("extension")
def test_one_connection_serves_all_reads(client: Extension) -> None:
    """Reads after the first open no further connection."""
    assert client.parameter("/orders/settings") == ('{"page_size": 2, "largest_quantity": 100}', 1)
    first = client._connection
    assert client.secret("orders/signing-key") == SIGNING_KEY
    assert client._connection is first is not None


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize("lost", ["shutdown", "close"])
def test_a_lost_connection_is_opened_again(client: Extension, lost: str) -> None:
    """A connection that went away while the sandbox was frozen is no error, whichever end dropped it."""
    client.secret("orders/signing-key")
    first = client._connection
    assert first is not None
    if lost == "close":
        first.close()
    else:
        first.sock.shutdown(socket.SHUT_RDWR)
    assert client.secret("orders/signing-key") == SIGNING_KEY
    assert client._connection is not first


@pytest.mark.usefixtures("silent")
def test_an_extension_that_does_not_answer_is_given_up() -> None:
    """The read ends when the budget says so, with an error that names what was asked for."""
    client = Extension(Waits(connect=5, read=0.1, attempts=1))
    with pytest.raises(ExtensionError, match=r"get\?name=%2Forders%2Fsettings: timed out"):
        client.parameter("/orders/settings")


@pytest.mark.usefixtures("environment")
def test_an_extension_that_is_not_there_is_an_error(
    client: Extension, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection says so."""
    monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "1")
    with pytest.raises(ExtensionError, match="Connection refused"):
        client.secret("orders/signing-key")


@pytest.mark.usefixtures("extension")
def test_a_value_that_is_not_there_is_an_error(client: Extension) -> None:
    """The extension's own refusal is passed on with its status."""
    with pytest.raises(ExtensionError, match=r"name=%2Fnone: status 400"):
        client.parameter("/none")


@pytest.mark.usefixtures("extension")
def test_a_wrong_session_is_refused(client: Extension, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session token is read for every request, not once."""
    client.secret("orders/signing-key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "another")
    with pytest.raises(ExtensionError, match="status 401"):
        client.secret("orders/signing-key")


@pytest.mark.usefixtures("environment")
def test_the_waits_are_those_of_the_budget() -> None:
    """Client timeouts come from the variable that the construct writes."""
    assert waits_for("parameters-and-secrets") == Waits(connect=0.05, read=1, attempts=1)


def test_the_table_client_waits_as_the_budget_says(start: Any) -> None:
    """The SDK's timeouts and attempts are the budget's too, not its defaults of 60 s."""
    start("order_table")
    table = importlib.import_module("lambda_src.orders.order_table")
    config, waits = table._client.meta.config, waits_for("orders-table")
    assert (config.connect_timeout, config.read_timeout) == (waits.connect, waits.read)
    assert config.retries["total_max_attempts"] == waits.attempts
