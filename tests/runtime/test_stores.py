"""Redis or Valkey as the cache's store: a real server, in its good hours and its bad ones."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis

from constructs_lib import Call, TimeoutBudget
from constructs_lib.errors import RefusedError
from constructs_lib.runtime.cache import Cache
from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.stores import RedisStore
from tests.runtime.redis_server import PASSWORD, RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """Run a server."""
    with RedisServer() as running:
        yield running


@pytest.fixture
def direct(server: RedisServer) -> Iterator[Any]:
    """Give a client of its own to look from the side, and an empty server."""
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def store(server: RedisServer) -> Iterator[RedisStore]:
    """Give a store."""
    made = RedisStore(server.url)
    yield made
    made.close()


def test_entries_are_kept_and_forgotten(store: RedisStore, direct: Any) -> None:
    """Text of any script comes back; the server itself ends its time; what is deleted is gone."""
    store.set("a", "ü\n\0漢", 60)
    assert (store.get("a"), store.get("b")) == ("ü\n\0漢", None)
    assert 59_000 < direct.pttl("a") <= 60_000
    store.delete("a")
    assert store.get("a") is None
    store.set("a", "x", 0.05)
    time.sleep(0.1)
    assert store.get("a") is None


def test_two_sandboxes_share_it(server: RedisServer, direct: Any) -> None:
    """What one sandbox loaded, another finds, under a key that says whose and which version; as JSON, nothing else."""
    stores = [RedisStore(server.url) for _ in range(2)]
    first, second = (Cache(store, namespace="orders", version=3) for store in stores)
    assert first.get_or_load("a", 60, lambda: {"seats": 1}) == {"seats": 1}
    assert second.get_or_load("a", 60, lambda: {"seats": 2}) == {"seats": 1}
    assert direct.keys() == [b"orders:3:a"]
    assert direct.get("orders:3:a").endswith(b'\n{"seats":1}')
    for store in stores:
        store.close()


@pytest.mark.usefixtures("direct")
def test_a_connection_that_the_server_closed(server: RedisServer, store: RedisStore) -> None:
    """Closed during a freeze, it is opened again, and is no outage."""
    store.set("a", "1", 60)
    server.stop()
    server.start()
    store.set("a", "2", 60)
    assert store.get("a") == "2"


@pytest.mark.usefixtures("direct")
def test_a_server_that_is_frozen(server: RedisServer) -> None:
    """A server that takes the connection and says nothing costs its timeout once, then nothing."""
    store = RedisStore(server.url)
    cache = Cache(store)
    cache.get_or_load("a", 60, lambda: 1)
    server.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        values = [cache.get_or_load("b", 60, lambda: 2) for _ in range(50)]
        took = time.monotonic() - began
    finally:
        server.signal(signal.SIGCONT)
    assert values == [2] * 50
    assert took < 2 * store.longest
    store.close()


def test_an_address_that_swallows(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the budget's call, connecting to nobody takes no longer than it says; near the deadline it is not tried."""
    call = Call("cache", connect=0.05, read=0.05, attempts=1, backoff=0)
    monkeypatch.setenv("TIMEOUT_BUDGET", TimeoutBudget(gateway=29, init=1, calls=[call]).to_json())
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
        port = silent.getsockname()[1]
        store = RedisStore(f"redis://127.0.0.1:{port}")
        began = time.monotonic()
        assert Cache(store).get_or_load("a", 60, lambda: 1) == 1
        assert time.monotonic() - began < 1
        assert store.longest == pytest.approx(0.35)
        store.close()
    late = RedisStore(f"redis://127.0.0.1:{port}")
    with Deadline(0.3).guard():
        assert Cache(late).get_or_load("a", 60, lambda: 1) == 1
    assert late._connected is None


def test_tls_is_checked() -> None:
    """rediss:// and valkeys:// speak TLS, and to nobody whose certificate is not trusted or names another host."""
    with RedisServer(tls=True) as server:
        trusted: dict[str, Any] = {"ssl_ca_certs": str(server.certificate)}
        for url in (server.url, server.url.replace("rediss://", "valkeys://")):
            store = RedisStore(url, **trusted)
            store.set("a", "1", 60)
            assert store.get("a") == "1"
            store.close()
        for url, options in ((server.url, {}), (server.url.replace("localhost", "127.0.0.1"), trusted)):
            stranger = RedisStore(url, **options)
            with pytest.raises(redis.ConnectionError, match=r"(?i)certificate"):
                stranger.get("a")
            stranger.close()


def test_a_password_that_is_read_late_and_rotated(server: RedisServer, direct: Any) -> None:
    """It is asked for by the first operation and not before, then for each new connection: so a new one is found."""
    passwords = [PASSWORD, "another"]
    store = RedisStore(f"redis://127.0.0.1:{server.port}/0", password=lambda: passwords.pop(0))
    assert len(passwords) == 2
    store.set("a", "1", 60)
    assert (store.get("a"), len(passwords)) == ("1", 1)
    direct.config_set("requirepass", "another")
    store.close()
    try:
        assert (store.get("a"), len(passwords)) == ("1", 0)
    finally:
        direct.config_set("requirepass", PASSWORD)
        store.close()


def test_a_wrong_password_is_an_outage_like_another(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The request goes on without the cache, and the log says why by the error's type alone."""
    store = RedisStore(f"redis://127.0.0.1:{server.port}/0", password=lambda: "wr0ng-pass")
    assert Cache(store).get_or_load("a", 60, lambda: 1) == 1
    assert "does not answer (AuthenticationError)" in caplog.text
    assert "wr0ng-pass" not in caplog.text
    store.close()


@pytest.mark.parametrize("url", ["", "http://cache:6379", "cache:6379", "rediss://", "unix:///run/redis"])
def test_other_urls_are_refused(url: str) -> None:
    """A scheme that is none of the four is refused, and what stands behind it is not shown."""
    with pytest.raises(RefusedError, match=r"allowed: redis://, rediss://, valkey://, valkeys://"):
        RedisStore(url)


def test_a_store_shows_neither_address_nor_password(server: RedisServer) -> None:
    """The representation says how it speaks, and no more."""
    assert repr(RedisStore(server.url)) == "<RedisStore: redis, address hidden>"
    assert PASSWORD not in repr(Cache(RedisStore(server.url)))
