"""Wherever a deadline interrupts a client, the next question gets its own answer, and nothing stays locked."""

from __future__ import annotations

import gc
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import redis
import urllib3

from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime import Cache, Deadline, RedisStore, Waits, downstream
from constructs_lib.runtime.extension import Extension
from tests.runtime.invocations import FOR_EVER
from tests.runtime.moments import sweep
from tests.runtime.redis_server import RedisServer
from tests.runtime.stand_in import TOKEN, StandIn, budget, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator

# A connection that was let go while it was interrupted is closed by the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

DELAY = 0.002  # seconds for which an answer is under way, so that a connection does not look used


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Let the collector close them here, and not in another test."""
    yield
    gc.collect()


class SlowLine:
    """A way to a server on which every answer takes its time."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                for pair in ((near, far, 0), (far, near, DELAY)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket, delay: float) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                time.sleep(delay)
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Run a Redis that holds two values, behind a slow line."""
    with RedisServer() as server:
        with redis.Redis.from_url(server.url) as direct:
            direct.mset({"a": "A", "b": "B"})
        line = SlowLine(server.port)
        yield server.url.replace(str(server.port), str(line.port))
        line.close()


def test_the_sweep_finds_a_client_that_mixes_answers_up() -> None:
    """A client that asks and then reads is found out: the second question gets the first one's answer."""
    line: list[str] = []

    def read() -> str:
        return line.pop(0)

    def ask(question: str) -> str:
        line.append(question.upper())
        return read()

    assert "A" in sweep(lambda: [ask("a") for _ in range(9)], lambda: ask("b"), "B").values()


def test_redis_with_our_options_never_gives_the_answer_to_another_question(url: str) -> None:
    """Between a command and its answer redis-py keeps the connection; with ``redis_options`` it is dropped."""
    options = Waits("cache", connect=9, read=9).redis_options()
    client = redis.Redis.from_url(url, max_connections=10_000, **options)
    client.get("a")
    assert sweep(lambda: client.get("a"), lambda: client.get("b"), b"B") == {}
    client.close()


def test_a_cache_in_redis_never_gives_the_value_of_another_key(url: str) -> None:
    """The worst that a cache could do."""
    store = RedisStore(url, max_connections=10_000)
    cache = Cache(store)

    def look_up(key: str) -> str:
        return cache.get_or_load(key, 60, lambda: key)

    assert look_up("A") + look_up("B") == "AB"
    assert sweep(lambda: look_up("A"), lambda: look_up("B"), "B") == {}
    store.close()


def test_a_load_that_was_interrupted_is_begun_anew() -> None:
    """No flight is left behind, for which the key's next request would wait."""
    cache = Cache()

    def load() -> str:
        cache.drop("A")
        return cache.get_or_load("A", 60, lambda: "loaded")

    assert sweep(load, load, "loaded") == {}


@pytest.fixture
def values() -> Iterator[StandIn]:
    """Run an extension that holds two values."""
    with stand_in() as running:
        running.store.parameters.update({"/a": "A", "/b": "B"})
        yield running


def test_the_extension_client_never_gives_the_value_of_another_name(
    values: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connections are kept only once they have been read to the end."""
    for name, value in values.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TIMEOUT_BUDGET", budget(read=9))
    client = Extension()
    client.parameter("/a")
    assert sweep(lambda: client.parameter("/a"), lambda: client.parameter("/b"), "B") == {}
    client.close()


def test_urllib3_and_with_it_boto3_sees_to_its_connections_itself(values: StandIn) -> None:
    """Nothing is mixed up, and its pool's lock is not left held, because the guard spares whoever just takes it."""
    pool = urllib3.HTTPConnectionPool("127.0.0.1", values.server.server_port)

    def ask(name: str) -> str:
        path = f"/systemsmanager/parameters/get?name={name}"
        answer = pool.request("GET", path, headers={"X-Aws-Parameters-Secrets-Token": TOKEN}, retries=False)
        return str(answer.json()["Parameter"]["Value"])

    assert sweep(lambda: ask("/a"), lambda: ask("/b"), "B") == {}
    pool.close()


def test_what_is_cut_is_done_away_with() -> None:
    """``on_cut`` is for clients that do not see to it themselves: called when the deadline strikes inside the call alone."""
    dropped: list[str] = []

    def failing() -> None:
        dropped.append("failing")
        raise OSError("already closed")

    with suppress(DeadlineExceeded), Deadline(0.05).guard():
        with downstream("prices", on_cut=lambda: dropped.append("prices")):
            pass
        with suppress(ValueError), downstream("stock", on_cut=lambda: dropped.append("stock")):
            raise ValueError
        with (
            downstream("archive", on_cut=failing),
            downstream("orders", on_cut=lambda: dropped.append("orders")),
        ):
            time.sleep(FOR_EVER)
    assert dropped == ["orders", "failing"]


class Taking:
    """Stands for a lock of a library's own, whose ``acquire`` is a function."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.whole = seconds, False

    def acquire(self) -> None:
        """Take it, and note that."""
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            pass
        self.whole = True


@pytest.mark.parametrize(("seconds", "whole"), [(0.0101, True), (FOR_EVER, False)])
def test_a_lock_that_is_just_being_taken_is_taken_whole(seconds: float, whole: bool) -> None:
    """An alarm spares it for two milliseconds; whoever waits for a lock longer than that is interrupted."""
    taking = Taking(seconds)
    began = time.monotonic()

    def work() -> None:
        taking.acquire()
        time.sleep(FOR_EVER)

    with pytest.raises(DeadlineExceeded), Deadline(0.01).guard():
        work()
    assert taking.whole is whole
    assert time.monotonic() - began < 1
