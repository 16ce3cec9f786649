"""The stand-in's faults, as a plain HTTP client meets them."""

from __future__ import annotations

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from constructs_lib.local.extension import TOKEN_HEADER
from constructs_lib.local.extension_faults import (
    BUSY,
    NOT_READY,
    close_after,
    cut_short,
    hang_up,
    refuse,
    reset,
    slow,
)
from tests.runtime.stand_in import TOKEN, StandIn, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.local.extension_faults import Fault


@pytest.fixture
def running() -> Iterator[StandIn]:
    """Run a stand-in with one parameter."""
    with stand_in() as made:
        made.store.parameters["/a"] = "1"
        yield made


@pytest.fixture
def connection(running: StandIn) -> Iterator[http.client.HTTPConnection]:
    """Give a connection to it."""
    made = http.client.HTTPConnection("127.0.0.1", running.server.server_port, timeout=10)
    yield made
    made.close()


def get(connection: http.client.HTTPConnection, name: str = "/a") -> tuple[int, str]:
    """Read a parameter: status and body."""
    connection.request("GET", f"/systemsmanager/parameters/get?name={name}", headers={TOKEN_HEADER: TOKEN})
    response = connection.getresponse()
    return response.status, response.read().decode()


def test_faults_come_in_order_and_end(running: StandIn, connection: http.client.HTTPConnection) -> None:
    """Each planned fault meets one request; then all is well, on the same connection."""
    running.server.faults.plan(refuse(400, NOT_READY), refuse(503))
    assert [get(connection) for _ in range(2)] == [(400, NOT_READY), (503, BUSY)]
    status, body = get(connection)
    assert (status, json.loads(body)["Parameter"]["Value"]) == (200, "1")


def test_a_slow_answer_is_an_answer(running: StandIn, connection: http.client.HTTPConnection) -> None:
    """It only comes later."""
    running.server.faults.plan(slow(0.1))
    began = time.monotonic()
    assert get(connection)[0] == 200
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (reset, ConnectionResetError),
        (hang_up, http.client.RemoteDisconnected),
        (cut_short, http.client.IncompleteRead),
    ],
    ids=["reset", "hang up", "cut short"],
)
def test_torn_connections(
    running: StandIn, connection: http.client.HTTPConnection, fault: Fault, error: type[Exception]
) -> None:
    """No answer, or half of one; a new connection is fine."""
    running.server.faults.plan(fault)
    with pytest.raises(error) as raised:
        get(connection)
    assert type(raised.value) is error
    connection.close()
    assert get(connection)[0] == 200


def test_a_connection_that_closes_behind_its_answer(
    running: StandIn, connection: http.client.HTTPConnection
) -> None:
    """The answer is whole and announces nothing; the connection is gone all the same."""
    running.server.faults.plan(close_after)
    assert get(connection)[0] == 200
    assert connection.sock is not None
    assert connection.sock.recv(1) == b""


def test_more_at_once_than_it_takes(running: StandIn) -> None:
    """What comes while too many are under way is a 400; what comes later is not."""
    running.server.faults.limit(2)
    refused, all_refused = threading.Semaphore(0), threading.Event()

    def hold(_: object) -> bool:
        all_refused.wait(5)
        return False

    running.server.faults.plan(hold, hold)

    def ask(_: int) -> int:
        status = ask_alone(running)
        if status == 400:
            refused.release()
        return status

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, number) for number in range(6)]
        for _ in range(4):
            assert refused.acquire(timeout=5)
        all_refused.set()
        statuses = sorted(one.result() for one in asked)
    assert statuses == [200, 200, 400, 400, 400, 400]
    running.server.faults.limit(None)
    assert ask_alone(running) == 200


def ask_alone(running: StandIn) -> int:
    """Ask once, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", running.server.server_port, timeout=10)
    try:
        return get(connection)[0]
    finally:
        connection.close()


def test_a_clock_that_stands_still_keeps_old_answers() -> None:
    """With a clock that does not move, a rotated value goes unseen long past its TTL; once it moves, it is seen."""
    now = [1000.0]
    with stand_in(cache_enabled=True, parameter_ttl=1, clock=lambda: now[0]) as made:
        connection = http.client.HTTPConnection("127.0.0.1", made.server.server_port, timeout=10)
        seen = []
        for value, moment in (("old", 1000.0), ("new", 1000.0), ("new", 1001.0)):
            made.store.parameters["/a"], now[0] = value, moment
            seen.append(json.loads(get(connection)[1])["Parameter"]["Value"])
        connection.close()
    assert seen == ["old", "old", "new"]
