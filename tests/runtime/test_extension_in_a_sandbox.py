"""The extension's client and the cache where they run: under ``awslambdaric``, frozen between invocations, restored, forked."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from constructs_lib.local.extension_faults import close_after, slow
from tests.runtime.runtime_api import ROOT, Sandbox
from tests.runtime.stand_in import TOKEN, StandIn, budget, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READS = """
from constructs_lib.runtime import parameter

def handler(event, context):
    return parameter(event["name"])
"""


@pytest.fixture
def extension() -> Iterator[StandIn]:
    """Run a stand-in with two parameters and a secret."""
    with stand_in() as running:
        running.store.parameters.update({"/orders/limit": "20", "/orders/page": "5"})
        running.store.secrets["orders/db"] = "s3cret"
        yield running


def test_a_connection_lives_through_freezes(extension: StandIn) -> None:
    """Frozen after each invocation, the sandbox goes on with the connection that it has."""
    peers = set()

    def note(request: BaseHTTPRequestHandler) -> bool:
        peers.add(request.client_address)
        return False

    extension.server.faults.plan(*[note] * 5)
    with Sandbox(source=READS, environment=extension.environment) as sandbox:
        replies = [sandbox.invoke({"name": "/orders/limit"}) for _ in range(5)]
    assert [reply.payload for reply in replies] == ["20"] * 5
    assert len(peers) == 1


def test_a_connection_that_closed_during_a_freeze(extension: StandIn) -> None:
    """The extension closed it while nothing here ran: the next invocation reads all the same."""
    extension.server.faults.plan(close_after)
    with Sandbox(source=READS, environment=extension.environment) as sandbox:
        first = sandbox.invoke({"name": "/orders/limit"})
        time.sleep(0.1)
        second = sandbox.invoke({"name": "/orders/page"})
    assert (first.payload, second.payload) == ("20", "5")


def test_a_read_at_import_says_why(extension: StandIn) -> None:
    """The sandbox does not start, and what Lambda logs explains it and names the cure."""
    source = "from constructs_lib.runtime import parameter\nLIMIT = parameter('/orders/limit')\n" + READS
    with Sandbox(source=source, environment=extension.environment) as sandbox:
        reply = sandbox.invoke({"name": "/orders/limit"})
    assert reply.outcome == "init-error"
    assert reply.payload["errorType"] == "OutsideInvocationError"
    assert "answers only during an invocation" in reply.payload["errorMessage"]
    assert "fix: read it inside the handler" in reply.payload["errorMessage"]
    assert extension.store.asked == []


def test_a_late_import_may_read(extension: StandIn, tmp_path: Path) -> None:
    """A module that the handler imports late belongs to the invocation, even where no trace says that there is one."""
    tmp_path.joinpath("settings.py").write_text(
        "from constructs_lib.runtime import parameter\nLIMIT = parameter('/orders/limit')\n"
    )
    source = """
import os

def handler(event, context):
    del os.environ["_X_AMZN_TRACE_ID"]
    import settings
    return settings.LIMIT
"""
    with Sandbox(source=source, folder=tmp_path, environment=extension.environment) as sandbox:
        assert sandbox.invoke({}).payload == "20"


def test_a_slow_extension_and_a_short_timeout(extension: StandIn) -> None:
    """A handler with a deadline answers in time when the extension does not, and its log says who was waited for."""
    source = """
from constructs_lib.runtime import api_handler, parameter

@api_handler
def handler(event, context):
    return {"statusCode": 200, "body": parameter("/orders/limit")}
"""
    extension.server.faults.plan(slow(5))
    environment = {**extension.environment, "TIMEOUT_BUDGET": budget(read=10)}
    with Sandbox(source=source, environment=environment, timeout=1) as sandbox:
        reply = sandbox.invoke({"httpMethod": "GET"})
    assert (reply.outcome, reply.payload["statusCode"] in {503, 504}) == ("response", True)
    calls = [call for line in reply.lines for call in line.get("calls", [])]
    assert [call["call"] for call in calls] == ["parameters-and-secrets"]


class Credentials(BaseHTTPRequestHandler):
    """Gives credentials as the server of a restored sandbox does."""

    def do_GET(self) -> None:
        """Answer whoever shows the authorization token."""
        good = self.headers["Authorization"] == "container-token" and self.path == "/2021-04-23/credentials"
        body = json.dumps(
            {"AccessKeyId": "a", "SecretAccessKey": "b", "Token": TOKEN} if good else {}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""


def test_a_restored_sandbox_has_its_token_elsewhere(extension: StandIn) -> None:
    """Where SnapStart restored the sandbox, the session token comes from the credentials on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Credentials) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        environment = {
            **extension.environment,
            "AWS_SESSION_TOKEN": "",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "container-token",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.server_port}/2021-04-23/credentials",
        }
        with Sandbox(source=READS, environment=environment, init_type="snap-start") as sandbox:
            replies = [sandbox.invoke({"name": "/orders/limit"}) for _ in range(2)]
        server.shutdown()
    assert [reply.payload for reply in replies] == ["20", "20"]


@pytest.mark.parametrize(
    "address",
    ["", "http://127.0.0.1", "http://127.0.0.1:1/x", "http://169.254.170.2:80/x", "https://127.0.0.1:1/x"],
)
def test_no_token_anywhere(extension: StandIn, address: str) -> None:
    """Without a token, or with credentials that are not on loopback, nothing is asked, and the error says so."""
    environment = {
        **extension.environment,
        "AWS_SESSION_TOKEN": "",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": address,
    }
    with Sandbox(source=READS, environment=environment) as sandbox:
        reply = sandbox.invoke({"name": "/orders/limit"})
    assert (reply.outcome, reply.payload["errorType"]) == ("error", "ExtensionError")
    assert reply.payload["errorMessage"].startswith("session token: got neither AWS_SESSION_TOKEN nor")
    assert extension.store.asked == []


def test_a_fork_has_connections_of_its_own(extension: StandIn) -> None:
    """Parent and child that read at the same time never take each other's answers."""
    program = """
import os
from constructs_lib.runtime import parameter, secret
assert parameter("/orders/limit") == "20"
child = os.fork()
name, read, value = ("/orders/limit", parameter, "20") if child == 0 else ("orders/db", secret, "s3cret")
good = all(read(name) == value for _ in range(200))
if child == 0:
    os._exit(0 if good else 1)
assert good
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    environment = {**extension.environment, "_X_AMZN_TRACE_ID": "Root=1"}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, check=True)


def test_memory_and_descriptors_stay_flat(extension: StandIn) -> None:
    """Over a thousand invocations that read, cache and fail, neither memory nor open files grow."""
    source = """
from constructs_lib.errors import ExtensionError
from constructs_lib.runtime import cached, parameter, parameters

@cached("limit:{number}", ttl=0.001)
def limit(number):
    return parameters(["/orders/limit", "/orders/page"])

def handler(event, context):
    for number in range(event["reads"]):
        limit(number % 7)
        if number % 50 == 0:
            try:
                parameter("/orders/none")
            except ExtensionError:
                pass
"""
    with Sandbox(source=source, environment=extension.environment, freeze=False, timeout=60) as sandbox:
        for _ in range(20):
            sandbox.invoke({"reads": 50})
        memory, files = sandbox.resident_bytes(), sandbox.open_files()
        for _ in range(60):
            assert sandbox.invoke({"reads": 50}).outcome == "response"
        assert sandbox.resident_bytes() - memory < 1 << 20
        assert sandbox.open_files() <= files
