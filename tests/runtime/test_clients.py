"""Whatever time is left, a client's worst case fits into it (H5), in its own words and on a real socket."""

from __future__ import annotations

import socket
import threading
import time
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import psycopg
import pytest
import redis
from botocore.exceptions import BotoCoreError
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib import Call, TimeoutBudget
from constructs_lib.errors import DeadlineExceeded, RefusedError
from constructs_lib.runtime import Budget, Deadline, Waits, waits
from constructs_lib.runtime.clients import LIBPQ_LEAST_CONNECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTHING = 1e-9  # what sums of floats may be off by

milliseconds = st.integers(1, 60_000).map(lambda ms: ms / 1000)
any_waits = st.builds(
    Waits,
    st.just("orders-table"),
    connect=milliseconds,
    read=milliseconds,
    attempts=st.integers(1, 10),
    backoff=st.integers(0, 60_000).map(lambda ms: ms / 1000),
)


@given(found=any_waits, left=st.floats(0.002, 900))
def test_the_worst_case_fits_into_what_is_left(found: Waits, left: float) -> None:
    """Attempts x (connect + read) + back-off <= remaining; and nothing is longer or more often than before."""
    fitted = found.within(left)
    assert fitted.worst_case <= left + NOTHING
    assert fitted.connect <= found.connect + NOTHING
    assert fitted.read <= found.read + NOTHING
    assert fitted.attempts <= found.attempts
    assert fitted.backoff <= found.backoff + NOTHING
    assert min(fitted.connect, fitted.read) > 0


@given(found=any_waits, left=st.floats(0.002, 900))
def test_what_fits_already_stays_as_it_is(found: Waits, left: float) -> None:
    """Only what is too long is cut."""
    assert (found.within(left) is found) is (found.worst_case <= left)


@given(found=any_waits, left=st.floats(0.002, 900))
def test_an_attempt_that_is_kept_has_at_least_half_of_its_time(found: Waits, left: float) -> None:
    """Fewer attempts with time to answer beat many that are cut short."""
    fitted = found.within(left)
    if fitted.attempts > 1:
        assert 2 * (fitted.connect + fitted.read) >= found.connect + found.read - 0.01


@given(
    connect=milliseconds,
    attempts=st.integers(2, 6),
    pauses=st.lists(milliseconds, min_size=5, max_size=5).map(sorted),
    left=st.floats(0.002, 900),
)
def test_the_pauses_between_fewer_attempts_are_covered(
    connect: float, attempts: int, pauses: list[float], left: float
) -> None:
    """However the pauses grow: those between the attempts that are kept are not longer than their share."""
    found = Waits("x", connect=connect, read=connect, attempts=attempts, backoff=sum(pauses[: attempts - 1]))
    fitted = found.within(left)
    assert sum(pauses[: fitted.attempts - 1]) <= fitted.backoff + NOTHING


@given(found=any_waits)
def test_every_librarys_settings_stay_within_one_attempt(found: Waits) -> None:
    """What each library takes for its phases is not more than connect + read."""
    each = found.connect + found.read + NOTHING
    timeout = found.httpx_timeout()
    assert timeout.connect + timeout.pool + timeout.read + timeout.write <= each
    assert 2 * found.socket_timeout() <= each
    options = found.redis_options()
    assert options["socket_connect_timeout"] + options["socket_timeout"] <= each
    config: Any = found.botocore_config()
    assert config.connect_timeout + config.read_timeout <= each
    assert config.retries["total_max_attempts"] == found.attempts


@given(found=any_waits)
def test_psycopg_gets_whole_seconds_or_a_refusal(found: Waits) -> None:
    """The library rounds a short connect timeout up to two seconds; the statement gets what that leaves."""
    try:
        options = found.psycopg_options()
    except RefusedError as refusal:
        assert found.connect + found.read < LIBPQ_LEAST_CONNECT + 0.002
        assert "RDS Proxy" in str(refusal)  # noqa: PT017 - either way is right
        return
    statement = int(options["options"].rpartition("=")[2]) / 1000
    assert options["connect_timeout"] >= LIBPQ_LEAST_CONNECT
    assert isinstance(options["connect_timeout"], int)
    assert statement > 0
    assert options["connect_timeout"] + statement <= found.connect + found.read + NOTHING


def test_every_way_to_have_no_time_is_an_error() -> None:
    """Settings that no client can use are not handed out."""
    with pytest.raises(DeadlineExceeded):
        Deadline(0).botocore_config()
    with pytest.raises(RefusedError, match="connect > 0"):
        Waits("x", connect=0, read=1)


@pytest.fixture
def budget(monkeypatch: pytest.MonkeyPatch) -> TimeoutBudget:
    """Write a budget where the construct writes it."""
    made = TimeoutBudget(
        gateway=10, init=2, calls=[Call("orders-table", connect=0.5, read=1, attempts=2, backoff=1)]
    )
    monkeypatch.setenv("TIMEOUT_BUDGET", made.to_json())
    return made


@pytest.mark.usefixtures("budget")
def test_a_named_call_has_the_budgets_waits_cut_to_what_is_left() -> None:
    """With time enough they are the budget's own, later they shrink."""
    assert waits("orders-table") == Waits("orders-table", connect=0.5, read=1, attempts=2, backoff=1)
    assert Deadline(60).waits("orders-table") == waits("orders-table")
    late = Deadline(1.0).waits("orders-table")
    assert late.attempts == 1
    assert late.worst_case <= 1
    config: Any = Deadline(60).botocore_config("orders-table", region_name="eu-west-1")
    assert (config.connect_timeout, config.read_timeout, config.region_name) == (0.5, 1, "eu-west-1")


def test_the_budget_reads_as_the_construct_wrote_it(budget: TimeoutBudget) -> None:
    """Every number that handlers use arrives, and it is read once."""
    found = Budget.current()
    assert found is not None
    assert found is Budget.current()
    names = ("function", "gateway", "in_progress", "init", "integration", "margin", "work")
    assert {name: getattr(found, name) for name in names} == {name: getattr(budget, name) for name in names}
    assert list(found.calls) == ["orders-table"]


@pytest.mark.usefixtures("budget")
def test_an_unknown_call_is_refused_with_the_known_ones() -> None:
    """A typing error is found at once."""
    with pytest.raises(RefusedError, match="got 'order-table'; allowed: 'orders-table'"):
        waits("order-table")


def test_without_a_budget_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a laptop the budget is None, and asking for a call of it says what to do."""
    monkeypatch.delenv("TIMEOUT_BUDGET", raising=False)
    assert Budget.current() is None
    with pytest.raises(RefusedError, match=r"TIMEOUT_BUDGET: got no such variable.*to_json"):
        waits("orders-table")


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"calls":[]}', '{"calls":{"a":{"connect":0}}}'])
def test_a_budget_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Whatever stands in the variable, there is a sentence about it, or no budget where it is empty."""
    monkeypatch.setenv("TIMEOUT_BUDGET", text)
    if not text:
        assert Budget.current() is None
        return
    with pytest.raises(RefusedError):
        Budget.current()


@pytest.fixture
def silent_server() -> Iterator[int]:
    """Give the port of a server that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    held.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()


def _boto3(found: Waits, port: int) -> None:
    client = boto3.client(
        "dynamodb",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=found.botocore_config(),
    )
    client.get_item(TableName="orders", Key={})


def _httpx(found: Waits, port: int) -> None:
    with httpx.Client(timeout=found.httpx_timeout()) as client:
        client.get(f"http://127.0.0.1:{port}")


def _urllib(found: Waits, port: int) -> None:
    urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=found.socket_timeout())


def _redis(found: Waits, port: int) -> None:
    with redis.Redis(port=port, **found.redis_options()) as client:
        client.get("orders")


def _psycopg(found: Waits, port: int) -> None:
    with psycopg.connect(f"host=127.0.0.1 port={port} user=orders", **found.psycopg_options()):
        pass


@pytest.mark.parametrize(
    ("call", "seconds"), [(_boto3, 1.0), (_httpx, 0.4), (_urllib, 0.4), (_redis, 0.4), (_psycopg, 2.5)]
)
def test_a_server_that_never_answers_is_given_up_in_time(
    call: Callable[[Waits, int], None], seconds: float, silent_server: int
) -> None:
    """Each library, with the settings for the time left, comes back before that time is over, with its own error."""
    found = Waits("orders", connect=1, read=5, attempts=2, backoff=0.2).within(seconds)
    errors = (
        BotoCoreError,
        httpx.TimeoutException,
        TimeoutError,
        redis.TimeoutError,
        psycopg.OperationalError,
    )
    started = time.monotonic()
    with Deadline(seconds + 5).guard(), pytest.raises(errors):
        call(found, silent_server)
    # boto3 makes its client first, which takes a while and is no wait.
    assert time.monotonic() - started < seconds + (2 if call is _boto3 else 0.3)
