"""What a caller sees when the cache, the database or the extension is down, or hangs: an answer, and in time."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.lambda_src.stadiums.postgres_server import PASSWORD
from tests.lambda_src.stadiums.requests import stadium, stadiums
from tests.runtime.invocations import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from tests.lambda_src.stadiums.conftest import Services
    from tests.lambda_src.stadiums.postgres_server import PostgresServer
    from tests.runtime.redis_server import RedisServer
    from tests.runtime.runtime_api import Reply, Sandbox

    Start = Callable[[], Any]


@contextmanager
def down(server: PostgresServer | RedisServer) -> Iterator[None]:
    """Stop a server for a while: connections to it are refused."""
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def hanging(server: PostgresServer | RedisServer) -> Iterator[None]:
    """Freeze a server for a while: it accepts connections, and never answers."""
    server.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.signal(signal.SIGCONT)


def is_unavailable(reply: dict[str, Any]) -> bool:
    """Tell whether a reply asks its caller to try again in two seconds."""
    return (reply["statusCode"], reply["headers"].get("Retry-After")) == (503, "2")


def read(sandbox: Sandbox, event: dict[str, Any]) -> Reply:
    """Invoke the handler under Lambda's runtime client; it must answer, not be killed."""
    reply = sandbox.invoke(event)
    assert reply.outcome == "response", reply.logs
    return reply


def test_without_the_cache_the_database_answers(start: Start, services: Services) -> None:
    """A cache that refuses connections costs its rows nothing."""
    with down(services.cache):
        reply = start()(stadiums(country="ES"), Context(5))
    assert reply["statusCode"] == 200
    assert len(json.loads(reply["body"])["stadiums"]) == 50


def test_a_cache_that_hangs_is_passed_by(sandbox: Sandbox, services: Services) -> None:
    """A cache that never answers takes no request down, and the log says so once."""
    with hanging(services.cache):
        first, second = (read(sandbox, stadium(number)) for number in (1, 2))
    assert (first.payload["statusCode"], second.payload["statusCode"]) == (200, 200)
    assert "cache: <RedisStore: rediss, address hidden> does not answer (TimeoutError)" in first.logs
    assert "cache" not in second.logs


def test_without_the_database_the_caller_is_asked_to_come_back(start: Start, services: Services) -> None:
    """Where connections are refused, the answer is 503 with Retry-After, and the next request finds what is back."""
    handler = start()
    with down(services.database):
        assert is_unavailable(handler(stadiums(country="ES"), Context(5)))
    assert handler(stadiums(country="ES"), Context(5))["statusCode"] == 200


def test_a_connection_that_was_closed_meanwhile_is_opened_anew(start: Start, services: Services) -> None:
    """A server that was restarted between two requests costs the second one a connection, and no error."""
    handler = start()
    assert handler(stadium(1), Context(5))["statusCode"] == 200
    with down(services.database):
        pass
    assert handler(stadium(2), Context(5))["statusCode"] == 200


def test_without_the_extension_the_caller_is_asked_to_come_back(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings that cannot be read are an outage like others."""
    handler = start()
    monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "9")
    assert is_unavailable(handler(stadium(1), Context(5)))


def test_the_log_says_what_was_down_and_the_caller_learns_nothing_of_it(
    start: Start, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says what was called and how that failed; neither it nor the answer holds a password."""
    with down(services.database):
        reply = start()(stadium(1), Context(5))
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("lambda_src")]
    assert line.startswith("answered 503: stadiums-db: OperationalError: connection failed")
    assert "Connection refused" in line
    assert "\n" not in line
    assert PASSWORD not in line
    assert reply["body"] == '{"message": "not available now, try again"}'


def test_a_database_that_hangs_is_given_up_in_time(sandbox: Sandbox, services: Services) -> None:
    """A connection that never comes about ends at the connect timeout, and the sandbox lives on to see the database back."""
    with hanging(services.database):
        reply = read(sandbox, stadium(1))
    assert is_unavailable(reply.payload)
    assert "the deadline passed 1.400 s after" in reply.logs
    assert read(sandbox, stadium(1)).payload["statusCode"] == 200


def test_a_database_that_stops_answering_is_given_up_in_time(sandbox: Sandbox, services: Services) -> None:
    """A query over an open connection ends at the read timeout, whatever the server does."""
    assert read(sandbox, stadium(1)).payload["statusCode"] == 200
    with hanging(services.database):
        reply = read(sandbox, stadium(2))
    assert is_unavailable(reply.payload)
    assert "the deadline passed 0.700 s after" in reply.logs


def test_a_slow_query_is_ended_in_the_server_too(sandbox: Sandbox, services: Services) -> None:
    """Nobody waits for its rows any more, so the server does not go on looking for them."""
    with services.database.connect() as locking, locking.transaction():
        locking.execute("LOCK TABLE stadiums IN ACCESS EXCLUSIVE MODE")
        reply = read(sandbox, stadium(1))
        left = locking.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        ).fetchone()
    assert is_unavailable(reply.payload)
    assert left == (0,)


def test_the_deadline_comes_first_where_it_is_near(sandbox: Sandbox, services: Services) -> None:
    """With less time left than the database may take, the caller still gets an answer before Lambda ends the sandbox."""
    assert read(sandbox, stadium(1)).payload["statusCode"] == 200
    sandbox.timeout = 0.5
    with hanging(services.database):
        reply = read(sandbox, stadium(2))
    assert is_unavailable(reply.payload)
    assert [line["event"] for line in reply.lines if line.get("event")] == ["deadline_exceeded"]
