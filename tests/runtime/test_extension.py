"""Parameters and secrets through the extension: what handlers get, and what they are told when it fails them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from constructs_lib.errors import DeadlineExceeded, ExtensionError, OutsideInvocationError, RefusedError
from constructs_lib.local.extension_faults import (
    NOT_READY,
    close_after,
    cut_short,
    hang_up,
    refuse,
    reset,
    slow,
)
from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.extension import Extension
from tests.runtime.stand_in import PORT_VARIABLE, StandIn, budget, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from constructs_lib.local.extension_faults import Fault


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Run a stand-in, in an environment as a function has it."""
    with stand_in() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        running.store.parameters.update({"/orders/limit": "20", "/orders/mail": '{"from": "a@b.c"}'})
        running.store.secrets.update({"orders/db": "s3cret", "orders/key": b"\x00\xff"})
        yield running


@pytest.fixture
def client() -> Iterator[Extension]:
    """Give a client of its own."""
    made = Extension()
    yield made
    made.close()


class TestValues:
    """What is asked for comes."""

    def test_kinds(self, extension: StandIn, client: Extension) -> None:
        """Text, JSON and bytes come as what they are."""
        extension.store.secrets["orders/login"] = '{"user": "o"}'
        assert client.parameter("/orders/limit") == "20"
        assert client.parameter_json("/orders/mail") == {"from": "a@b.c"}
        assert client.secret("orders/db") == "s3cret"
        assert client.secret_json("orders/login") == {"user": "o"}
        assert client.secret_bytes("orders/key") == b"\x00\xff"

    def test_selectors_reach_the_store(self, extension: StandIn, client: Extension) -> None:
        """Versions, labels, stages and decryption arrive as the services name them."""
        client.parameter("/orders/limit", version=3)
        client.parameter("/orders/limit", label="live", decrypt=False)
        client.secret("orders/db", version="v1", stage="AWSPREVIOUS")
        assert extension.store.asked == [
            {"Name": "/orders/limit:3", "WithDecryption": True},
            {"Name": "/orders/limit:live", "WithDecryption": False},
            {"SecretId": "orders/db", "VersionId": "v1", "VersionStage": "AWSPREVIOUS"},
        ]

    @pytest.mark.parametrize("name", ["/a b/ü&x=1#?%2F", "arn:aws:ssm:eu-west-1:1:parameter/a", "plain"])
    def test_any_name_travels_whole(self, extension: StandIn, client: Extension, name: str) -> None:
        """What a URL would take for its own is quoted."""
        extension.store.parameters[name.partition(":")[0]] = "found"
        assert client.parameter(name) == "found"
        assert extension.store.asked[0]["Name"] == name

    def test_several_come_side_by_side(self, extension: StandIn, client: Extension) -> None:
        """Six, of which three at a time are answered only once all three have asked."""
        names = [f"/orders/{number}" for number in range(6)]
        extension.store.parameters.update({name: name[-1] for name in names})
        together = threading.Barrier(3)

        def meet(_: BaseHTTPRequestHandler) -> bool:
            together.wait(5)
            return False

        extension.server.faults.plan(*[meet] * 6)
        assert client.parameters([*names, names[0]]) == {name: name[-1] for name in names}

    def test_as_many_as_the_extension_has_connections(
        self, monkeypatch: pytest.MonkeyPatch, extension: StandIn
    ) -> None:
        """Where the construct gave the extension six connections, six come in one wait."""
        monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS", "6")
        peers = set()

        def note(request: BaseHTTPRequestHandler) -> bool:
            peers.add(request.client_address)
            time.sleep(0.05)
            return False

        extension.server.faults.plan(*[note] * 6)
        wide = Extension()
        names = [f"/orders/{number}" for number in range(6)]
        extension.store.parameters.update(dict.fromkeys(names, "1"))
        assert len(wide.parameters(names)) == len(peers) == 6
        wide.close()

    @pytest.mark.usefixtures("extension")
    def test_none_are_none(self, client: Extension) -> None:
        """No names give no values."""
        assert client.parameters([]) == {}

    def test_threads_share_a_client(self, extension: StandIn, client: Extension) -> None:
        """Eight threads that read at once each get what they asked for."""
        names = [f"/orders/{number}" for number in range(40)]
        extension.store.parameters.update({name: f"value of {name}" for name in names})
        with ThreadPoolExecutor(8) as pool:
            values = list(pool.map(client.parameter, names * 3))
        assert values == [f"value of {name}" for name in names * 3]

    @pytest.mark.usefixtures("extension")
    def test_wrong_kinds_are_named(self, client: Extension) -> None:
        """Text read as bytes, bytes read as text, and text that is no JSON each say what to call instead."""
        with pytest.raises(
            ExtensionError, match=r"got text, wanted a binary value; fix: secret\('orders/db'\)"
        ):
            client.secret_bytes("orders/db")
        with pytest.raises(ExtensionError, match=r"wanted text; fix: secret_bytes\('orders/key'\)"):
            client.secret("orders/key")
        with pytest.raises(ExtensionError, match="got text that is no JSON"):
            client.secret_json("orders/db")

    @pytest.mark.usefixtures("extension")
    def test_refused_before_anything_is_asked(self, client: Extension) -> None:
        """Names that are none, and a version with a label, are the caller's mistake."""
        for name in ("", "a\r\nX: y"):
            with pytest.raises(RefusedError, match="allowed: a name or an ARN"):
                client.parameter(name)
        with pytest.raises(RefusedError, match=r"version 1 and label 'live'; allowed: one of them"):
            client.parameter("/a", version=1, label="live")
        with pytest.raises(RefusedError, match=r"fix: parameters\(\['orders'\]\)"):
            client.parameters("orders")


class TestConnection:
    """One connection is kept, and its death is not the handler's business."""

    def test_one_connection_serves_all(self, extension: StandIn, client: Extension) -> None:
        """Reads after the first open no further connection."""
        peers = set()

        def note(request: BaseHTTPRequestHandler) -> bool:
            peers.add(request.client_address)
            return False

        extension.server.faults.plan(*[note] * 20)
        for _ in range(20):
            client.parameter("/orders/limit")
        assert len(peers) == 1

    @pytest.mark.parametrize("fault", [reset, hang_up], ids=["reset", "closed"])
    def test_a_kept_connection_that_dies_is_opened_again(
        self, extension: StandIn, client: Extension, fault: Fault
    ) -> None:
        """The other end goes away as the question comes: it is asked again, at once."""
        client.parameter("/orders/limit")
        extension.server.faults.plan(fault)
        assert client.parameter("/orders/limit") == "20"

    def test_a_connection_closed_while_nobody_looked(self, extension: StandIn, client: Extension) -> None:
        """The other end closed a kept connection meanwhile, as it may during a freeze."""
        extension.server.faults.plan(close_after)
        client.parameter("/orders/limit")
        time.sleep(0.05)
        assert client.parameter("/orders/limit") == "20"

    def test_another_port_is_another_connection(
        self, extension: StandIn, client: Extension, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A kept connection to one port answers for that port alone."""
        client.parameter("/orders/limit")
        with stand_in() as other:
            other.store.parameters["/orders/limit"] = "30"
            monkeypatch.setenv(PORT_VARIABLE, str(other.server.server_port))
            assert client.parameter("/orders/limit") == "30"
        assert len(extension.store.asked) == 1

    def test_no_descriptor_is_left(self, extension: StandIn, client: Extension) -> None:
        """A thousand reads, among them a hundred that fail in every way, leave at most the kept connections."""
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        for fault in [reset, hang_up, cut_short, refuse(503), close_after] * 20:
            extension.server.faults.plan(fault)
            for _ in range(10):
                client.parameter("/orders/limit")
        client.close()
        deadline = time.monotonic() + 5
        while len(os.listdir("/proc/self/fd")) > before and time.monotonic() < deadline:  # noqa: PTH208
            time.sleep(0.01)  # the stand-in's own ends close in its threads
        assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


class TestPatience:
    """What may pass is asked for again, within the budget's time; what will not pass is said at once."""

    @pytest.mark.parametrize(
        "faults",
        [
            [refuse(400)] * 4,
            [refuse(503)] * 4,
            [refuse(500), reset],
            [cut_short, hang_up],
            [refuse(400, NOT_READY)] * 4,
        ],
        ids=["burst", "unavailable", "broken", "torn", "not ready"],
    )
    def test_what_passes_is_waited_for(
        self, extension: StandIn, client: Extension, faults: list[Fault]
    ) -> None:
        """A few failures in a row end in the value."""
        extension.server.faults.plan(*faults)
        assert client.parameter("/orders/limit") == "20"

    def test_a_burst_of_cold_starts(self, extension: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
        """Twelve sandboxes at once, at an extension that refuses all but four with 400, all get their value."""
        monkeypatch.setenv("TIMEOUT_BUDGET", budget(read=2))
        extension.server.faults.limit(4)
        clients = [Extension() for _ in range(12)]
        with ThreadPoolExecutor(12) as pool:
            values = list(pool.map(lambda one: one.parameters(["/orders/limit", "/orders/mail"]), clients))
        for one in clients:
            one.close()
        assert len(values) == 12

    def test_an_extension_that_stays_away(
        self, client: Extension, extension: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A refused connection says where, and what attaches the extension."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            monkeypatch.setenv(PORT_VARIABLE, str(free.getsockname()[1]))
        with pytest.raises(
            ExtensionError, match=r"^parameter '/orders/limit': got connection refused on .*attach"
        ):
            client.parameter("/orders/limit")
        assert extension.store.asked == []

    def test_a_slow_one_is_given_up_in_the_budgets_time(self, extension: StandIn, client: Extension) -> None:
        """An answer later than the budget's read is an error after that time, not after any default."""
        extension.server.faults.plan(slow(5), slow(5))
        began = time.monotonic()
        with pytest.raises(ExtensionError, match="got no answer in time; fix: give the budget's call"):
            client.parameter("/orders/limit")
        assert 0.45 < time.monotonic() - began < 1.5

    def test_a_second_attempt_of_the_budget(
        self, extension: StandIn, client: Extension, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With two attempts in the budget, the second one may answer."""
        monkeypatch.setenv("TIMEOUT_BUDGET", budget(read=0.3, attempts=2))
        extension.server.faults.plan(slow(2))
        assert client.parameter("/orders/limit") == "20"

    def test_the_deadline_is_nearer(self, extension: StandIn, client: Extension) -> None:
        """With less time left than the budget gives, the deadline is what counts."""
        extension.server.faults.plan(slow(5))
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded), Deadline(0.1).guard():
            client.parameter("/orders/limit")
        assert time.monotonic() - began < 0.4

    @pytest.mark.usefixtures("extension")
    def test_no_question_after_the_deadline(self, extension: StandIn, client: Extension) -> None:
        """In a thread, which no guard interrupts, the read itself says that the time is over."""
        failures: list[BaseException] = []

        def work() -> None:
            with Deadline(0.05).guard():
                time.sleep(0.1)
                try:
                    client.parameter("/orders/limit")
                except DeadlineExceeded as error:
                    failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert len(failures) == 1
        assert extension.store.asked == []

    def test_a_dribbling_one_is_given_up(self, client: Extension, extension: StandIn) -> None:
        """One byte every 0.1 s never fills the time that the budget gives the whole answer."""
        stop = threading.Event()

        def dribble(request: BaseHTTPRequestHandler) -> bool:
            while not stop.wait(0.1):
                request.wfile.write(b"H")
                request.wfile.flush()
            return True

        extension.server.faults.plan(dribble, dribble)
        began = time.monotonic()
        with pytest.raises(ExtensionError, match="no answer in time"):
            client.parameter("/orders/limit")
        assert time.monotonic() - began < 1.5
        stop.set()


class TestErrors:
    """What fails says what was asked for, what happened, and what to change."""

    @pytest.mark.parametrize(
        ("status", "says"),
        [
            (
                403,
                r"status 403; fix: grant the function's role secretsmanager:GetSecretValue on it, and kms:Decrypt",
            ),
            (404, r"status 404: there is no such value; fix: check the name"),
            (401, r"status 401: the session token was refused"),
        ],
    )
    def test_what_does_not_pass_is_asked_once(
        self, extension: StandIn, client: Extension, status: int, says: str
    ) -> None:
        """A refusal with a reason is not asked for again, and names the grant where one is missing."""
        extension.server.faults.plan(refuse(status))
        with pytest.raises(ExtensionError, match=rf"^secret 'orders/db': got {says}") as raised:
            client.secret("orders/db")
        assert raised.value.status == status
        assert extension.store.asked == []

    @pytest.mark.usefixtures("extension")
    def test_a_400_without_a_reason(self, client: Extension) -> None:
        """The extension's plain 400 may mean three things, and the error names all three."""
        with pytest.raises(ExtensionError) as raised:
            client.parameter("/orders/none")
        text = str(raised.value)
        assert raised.value.status == 400
        for part in (
            "create the value",
            "throttles",
            "ssm:GetParameter",
            "kms:Decrypt",
            "parameters=[...]",
            "function's log",
        ):
            assert part in text

    def test_another_program_on_the_port(self, client: Extension, extension: StandIn) -> None:
        """An answer that is not the extension's says where to look."""
        extension.server.faults.plan(refuse(200, "<html>"))
        with pytest.raises(ExtensionError, match="check what listens on the port"):
            client.parameter("/orders/limit")

    @pytest.mark.usefixtures("extension")
    @pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
    def test_a_port_that_is_none(self, client: Extension, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
        """A wrong port is named with its variable."""
        monkeypatch.setenv(PORT_VARIABLE, port)
        with pytest.raises(ExtensionError, match=rf"^{PORT_VARIABLE}: got '{port}'; fix: 1 to 65535"):
            client.parameter("/orders/limit")

    @pytest.mark.usefixtures("extension")
    def test_a_token_that_no_header_takes(self, client: Extension, monkeypatch: pytest.MonkeyPatch) -> None:
        """A token with a line break in it is never sent, and never shown."""
        monkeypatch.setenv("AWS_SESSION_TOKEN", "to\r\nken")
        with pytest.raises(ExtensionError, match="characters that no header takes") as raised:
            client.parameter("/orders/limit")
        assert "ken'" not in str(raised.value)


class TestOutsideLambda:
    """On a laptop, values come from two variables or from a stand-in."""

    @pytest.fixture(autouse=True)
    def laptop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take away what Lambda sets."""
        for name in ("AWS_LAMBDA_FUNCTION_NAME", PORT_VARIABLE, "TIMEOUT_BUDGET"):
            monkeypatch.delenv(name, raising=False)

    def test_values_of_the_environment(self, client: Extension, monkeypatch: pytest.MonkeyPatch) -> None:
        """The two JSON objects give parameters and secrets, one by one and below a prefix."""
        monkeypatch.setenv("CONSTRUCTS_LIB_LOCAL_PARAMETERS", '{"/a/b": "1", "/a/c": {"d": 2}, "/ab": "3"}')
        monkeypatch.setenv("CONSTRUCTS_LIB_LOCAL_SECRETS", '{"db": "s3cret"}')
        assert client.parameter("/a/b") == "1"
        assert client.parameter_json("/a/c") == {"d": 2}
        assert client.parameters("/a") == {"/a/b": "1", "/a/c": '{"d": 2}'}
        assert client.secret("db") == "s3cret"

    def test_what_is_nowhere(self, client: Extension) -> None:
        """A value that nobody gives says which two variables would."""
        with pytest.raises(
            ExtensionError,
            match=rf"^secret 'db': got no value outside Lambda; fix: set CONSTRUCTS_LIB_LOCAL_SECRETS .*{PORT_VARIABLE}",
        ):
            client.secret("db")

    def test_a_stand_in(self, client: Extension, monkeypatch: pytest.MonkeyPatch) -> None:
        """The port alone sends the question there; a stand-in that was told no token takes any."""
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
        with stand_in(token="") as running:
            running.store.parameters["/a"] = "1"
            monkeypatch.setenv(PORT_VARIABLE, str(running.server.server_port))
            assert client.parameter("/a") == "1"

    def test_text_that_is_no_json(self, client: Extension, monkeypatch: pytest.MonkeyPatch) -> None:
        """A malformed variable is named, and not shown."""
        monkeypatch.setenv("CONSTRUCTS_LIB_LOCAL_SECRETS", '{"db": "s3cret"')
        with pytest.raises(
            ExtensionError, match=r"^CONSTRUCTS_LIB_LOCAL_SECRETS: got something else"
        ) as raised:
            client.secret("db")
        assert "s3cret" not in str(raised.value)

    def test_never_inside_lambda(
        self, client: Extension, extension: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In a function, what these variables say counts for nothing."""
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
        monkeypatch.setenv("CONSTRUCTS_LIB_LOCAL_PARAMETERS", '{"/orders/limit": "planted"}')
        monkeypatch.setenv("CONSTRUCTS_LIB_LOCAL_SECRETS", '{"orders/db": "planted"}')
        monkeypatch.setenv(PORT_VARIABLE, str(extension.server.server_port))
        assert (client.parameter("/orders/limit"), client.secret("orders/db")) == ("20", "s3cret")


def test_a_read_at_import_is_refused(extension: StandIn, tmp_path: Path) -> None:
    """A module that reads while it is imported is told why that cannot work, even where a stand-in would answer."""
    tmp_path.joinpath("settings.py").write_text(
        "from constructs_lib.runtime import parameter\nLIMIT = parameter('/orders/limit')\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", "import settings"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert OutsideInvocationError.__name__ in last
    assert "answers only during an invocation" in last
    assert extension.store.asked == []


def test_a_module_imported_in_an_invocation_may_read(
    extension: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import that a handler makes late is part of its invocation."""
    tmp_path.joinpath("late_settings.py").write_text(
        "from constructs_lib.runtime import Extension\nclient = Extension()\nLIMIT = client.parameter('/orders/limit')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")
    import importlib

    late = importlib.import_module("late_settings")
    late.client.close()
    assert late.LIMIT == "20"
    assert len(extension.store.asked) == 1
