"""Values planted in every path show up in no log, no representation, no error and no local of a traceback of ours."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib.errors import DeadlineExceeded, ExtensionError
from constructs_lib.local.extension_faults import refuse
from constructs_lib.runtime import extension as extension_module
from constructs_lib.runtime import sdk
from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.extension import Extension
from constructs_lib.runtime.rotation import fresh_secret_on_auth_failure
from tests.runtime.stand_in import TOKEN, StandIn, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler
    from types import TracebackType

VALUE = "pl4nted-v4lue"
RUNTIME = extension_module.__file__.rpartition("/")[0]


def told(error: BaseException | None, seen: set[int] | None = None) -> Iterator[str]:
    """Give everything that an error tracker would show of an error, its locals in our frames and all that led to it."""
    seen = set() if seen is None else seen
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield f"{error} {error!r} {error.args!r} {vars(error)!r} {getattr(error, 'doc', '')}"
    yield from frames(error.__traceback__)
    for further in (error.__cause__, error.__context__):
        yield from told(further, seen)


def frames(trace: TracebackType | None) -> Iterator[str]:
    """Give the locals of our frames, as they represent themselves."""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(RUNTIME):
            yield f"{trace.tb_frame.f_code.co_name}: {trace.tb_frame.f_locals!r}"
        trace = trace.tb_next


def assert_hidden(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """Look for the value, and for the session token."""
    shown = "\n".join([*told(error), caplog.text])
    assert type(error).__name__ in shown, "nothing was looked at"
    for secret in (VALUE, VALUE.encode().hex(), TOKEN):
        assert secret not in shown


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[StandIn]:
    """Run a stand-in whose every value is the planted one, at the most talkative log level."""
    caplog.set_level(logging.DEBUG)
    with stand_in() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        running.store.parameters["/a"] = running.store.secrets["a"] = VALUE
        running.store.secrets["binary"] = VALUE.encode()
        yield running


@pytest.fixture
def client() -> Iterator[Extension]:
    """Give a client of its own."""
    made = Extension()
    yield made
    made.close()


def says(status: str, body: str, *, length: int | None = None, chunked: bool = False) -> Callable[..., bool]:
    """Make a fault: an answer with the value somewhere in it, that is wrong somewhere else."""

    def answer(request: BaseHTTPRequestHandler) -> bool:
        frame = (
            "Transfer-Encoding: chunked"
            if chunked
            else f"Content-Length: {len(body) if length is None else length}"
        )
        text = f"{len(body):x}\r\n{body}\r\n" if chunked else body
        request.wfile.write(f"HTTP/1.1 {status}\r\n{frame}\r\n\r\n{text}".encode())
        request.close_connection = True
        return True

    return answer


FAULTS = {
    "text instead of JSON": says("200 OK", VALUE),
    "JSON of another shape": says("200 OK", f'{{"Value": "{VALUE}"}}'),
    "a list": says("200 OK", f'["{VALUE}"]'),
    "JSON that breaks off": says("200 OK", f'{{"Parameter": {{"Value": "{VALUE}"'),
    "a body that breaks off": says("200 OK", f'{{"Parameter": {{"Value": "{VALUE}"', length=500),
    "a chunk that breaks off": says("200 OK", f'{{"Parameter": {{"Value": "{VALUE}"', chunked=True),
    "a head of nonsense": says(f"{VALUE}", VALUE),
    "a refusal that quotes it": refuse(403, f"{VALUE} may not be read"),
    "a failure that quotes it": refuse(500, f"{VALUE} could not be read"),
    "no refusal at all": says("204 No Content", VALUE),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_answers_that_fail(
    extension: StandIn, client: Extension, caplog: pytest.LogCaptureFixture, fault: Callable[..., bool]
) -> None:
    """Whatever is wrong with an answer, what was right in it stays out of the error."""
    extension.server.faults.plan(*[fault] * 6)
    with pytest.raises(ExtensionError) as raised:
        client.parameter("/a")
    assert_hidden(raised.value, caplog)


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize(
    "read",
    [
        lambda client: client.parameter_json("/a"),
        lambda client: client.secret_json("a"),
        lambda client: client.secret_bytes("a"),
        lambda client: client.secret("binary"),
        lambda client: client.parameters(["/a", "/none"]),
    ],
    ids=["parameter as JSON", "secret as JSON", "text as bytes", "bytes as text", "one of two"],
)
def test_values_of_another_kind(
    client: Extension, caplog: pytest.LogCaptureFixture, read: Callable[[Extension], object]
) -> None:
    """A value that is there, and not what was wanted, is not shown."""
    with pytest.raises(ExtensionError) as raised:
        read(client)
    assert_hidden(raised.value, caplog)


@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
def test_interrupted_in_the_middle_of_a_value(
    extension: StandIn, client: Extension, caplog: pytest.LogCaptureFixture, chunked: bool
) -> None:
    """A deadline that comes when half of the value is here leaves no half of it behind."""

    def stall(request: BaseHTTPRequestHandler) -> bool:
        body = f'{{"Parameter": {{"Value": "{VALUE}"'
        frame = "Transfer-Encoding: chunked" if chunked else "Content-Length: 500"
        text = f"{len(body):x}\r\n{body}\r\n40\r\n{VALUE}" if chunked else body
        request.wfile.write(f"HTTP/1.1 200 OK\r\n{frame}\r\n\r\n{text}".encode())
        request.wfile.flush()
        with contextlib.suppress(OSError):
            request.rfile.read(1)
        return True

    extension.server.faults.plan(stall)
    with pytest.raises(DeadlineExceeded) as raised, Deadline(0.2).guard():
        client.parameter("/a")
    shown = list(told(raised.value))
    assert any("exactly: " in part for part in shown), "it was interrupted elsewhere"
    assert_hidden(raised.value, caplog)


@pytest.mark.usefixtures("extension")
def test_a_login_that_fails(
    client: Extension, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frames of the rotation retry hold the secret, and do not show it; nor does the note of a failed fresh read."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", VALUE)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", VALUE)
    sdk._clients.clear()

    @fresh_secret_on_auth_failure("a", PermissionError, client=client)
    def connect(_: str) -> None:
        raise PermissionError("PermissionError: wrong password")

    caplog.set_level(logging.INFO)  # botocore itself logs its requests at DEBUG
    with pytest.raises(PermissionError) as raised:
        connect()
    assert raised.value.__notes__
    assert_hidden(raised.value, caplog)
    sdk._clients.clear()


class Paging:
    """An SDK client that gives one page with the value, and fails at the next."""

    def get_parameters_by_path(self, **request: Any) -> dict[str, Any]:
        """Answer like boto3's client."""
        if "NextToken" in request:
            raise ConnectionError(f"{VALUE} was on the page before")
        return {"Parameters": [{"Name": "/a", "Value": VALUE, "Version": 1}], "NextToken": "next"}


@pytest.mark.usefixtures("extension")
def test_a_second_page_that_fails(
    client: Extension, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first page held, and what the SDK's own error says, stay out of ours."""
    monkeypatch.setitem(sdk._clients, ("ssm", 0.75), Paging())
    with pytest.raises(ExtensionError, match="got ConnectionError") as raised:
        client.parameters("/")
    assert_hidden(raised.value, caplog)


@pytest.mark.parametrize("text", [f'{{"a": "{VALUE}"', f'["{VALUE}"]', VALUE])
def test_local_values_that_are_malformed(
    client: Extension, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A variable with a mistake in it is named, not quoted."""
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    monkeypatch.setenv("CONSTRUCTS_LIB_LOCAL_SECRETS", text)
    with pytest.raises(ExtensionError) as raised:
        client.secret("a")
    assert_hidden(raised.value, caplog)


@pytest.mark.usefixtures("extension")
def test_a_token_that_cannot_be_sent(
    client: Extension, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that no header takes is not shown either."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"{TOKEN}\n")
    with pytest.raises(ExtensionError) as raised:
        client.parameter("/a")
    assert_hidden(raised.value, caplog)


def test_everything_that_holds_one(
    extension: StandIn, client: Extension, caplog: pytest.LogCaptureFixture
) -> None:
    """After good reads, neither the client nor what it is made of shows what it has seen, and nothing was logged."""
    assert (client.parameter("/a"), client.secret("a")) == (VALUE, VALUE)
    found = client.current_secret("a")
    client._newer["a"] = (float("inf"), found)
    shown = repr([client, vars(client), found, extension.server.faults])
    assert VALUE not in shown + caplog.text
    assert TOKEN not in shown + caplog.text
