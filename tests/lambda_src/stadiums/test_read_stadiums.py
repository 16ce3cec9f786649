"""GET /stadiums and GET /stadiums/{stadium_id}, over a real PostgreSQL and a real Redis or Valkey."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib.testing import assert_import_budget
from tests.lambda_src.stadiums.conftest import PACKAGE
from tests.lambda_src.stadiums.requests import stadium, stadiums
from tests.runtime.invocations import Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lambda_src.stadiums.conftest import Services

    Start = Callable[[], Any]


def read(handler: Any, event: dict[str, Any]) -> tuple[int, Any]:
    """Invoke the handler; gives the status and the body."""
    reply = handler(event, Context(5))
    return reply["statusCode"], json.loads(reply["body"])


def test_the_stadiums_of_a_country_come_largest_first(start: Start) -> None:
    """A page of a country has only its stadiums, the largest first."""
    status, page = read(start(), stadiums(country="ES"))
    capacities = [one["capacity"] for one in page["stadiums"]]
    assert (status, len(capacities)) == (200, 50)
    assert capacities == sorted(capacities, reverse=True)
    assert {one["country"] for one in page["stadiums"]} == {"ES"}


def test_pages_follow_each_other_to_the_last_stadium(start: Start) -> None:
    """Who follows ``after`` sees each of the country's 125 stadiums once."""
    handler = start()
    seen: list[int] = []
    after: dict[str, str] = {}
    while True:
        _, page = read(handler, stadiums(country="ES", **after))
        seen += [one["id"] for one in page["stadiums"]]
        if page["after"] is None:
            break
        after = {"after": str(page["after"])}
    assert (len(seen), len(set(seen))) == (125, 125)


def test_one_stadium_comes_by_its_number(start: Start) -> None:
    """A stadium has what the table says of it."""
    status, found = read(start(), stadium(14))
    assert status == 200
    assert found == {
        "id": 14, "name": "Stadium 14", "city": "City 14", "country": "ES", "capacity": 25866, "opened": 1914,
        "latitude": -84.82, "longitude": -172.58,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("event", "status", "said"),
    [
        (stadium(9999), 404, "no stadium 9999"),
        (stadium("anfield"), 404, "no stadium anfield"),
        (stadium("1;DROP TABLE stadiums"), 404, "no stadium"),
        (stadium(10**30), 404, "no stadium"),
        (stadiums(), 400, "ISO 3166-1"),
        (stadiums(country="Spain"), 400, "ISO 3166-1"),
        (stadiums(country="ES", after="x"), 400, "after"),
    ],
)
def test_what_is_not_there_or_not_asked_well_is_told(
    start: Start, event: dict[str, Any], status: int, said: str
) -> None:
    """A request that cannot have an answer gets a reason, and no error."""
    found, body = read(start(), event)
    assert (found, said in body["message"]) == (status, True)


def test_a_country_without_stadiums_has_an_empty_page(start: Start) -> None:
    """None at all is an answer, too; letters may be small."""
    assert read(start(), stadiums(country="aq")) == (200, {"stadiums": [], "after": None})


def test_a_second_request_is_answered_by_the_cache(start: Start, services: Services) -> None:
    """What one sandbox has asked for, another one finds in the cache, without the database."""
    first = read(start(), stadiums(country="ES"))
    services.database.stop()
    try:
        assert read(start(), stadiums(country="ES")) == first
    finally:
        services.database.start()


def test_that_there_is_none_is_kept_too(start: Start, services: Services) -> None:
    """A number that nobody has does not reach the database each time."""
    first = read(start(), stadium(9999))
    services.database.stop()
    try:
        assert read(start(), stadium(9999)) == first
    finally:
        services.database.start()


def test_one_connection_serves_all_invocations(start: Start, services: Services) -> None:
    """Ten misses in one sandbox are ten queries over one connection."""
    handler = start()
    with services.database.connect() as watching:
        [(before,)] = watching.execute(
            "SELECT max(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        )
        for number in range(1, 11):
            assert read(handler, stadium(number))[0] == 200
        [(others,)] = watching.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        assert (before > 0, others) == (True, 1)


@pytest.mark.usefixtures("services")
def test_a_cold_start_loads_no_client() -> None:
    """What only some requests need is loaded by the first of them: a sandbox whose requests hit the cache never loads psycopg."""
    forbidden = ["psycopg", "redis", "boto3", "botocore", "ssl"]
    assert_import_budget(f"{PACKAGE}.read_stadiums.handler", seconds=2, forbid=forbidden, runs=1)


def test_settings_hold_from_the_next_request_on(start: Start, services: Services) -> None:
    """A page that was made smaller is smaller at once: its size is part of the cache's key."""
    handler = start()
    assert len(read(handler, stadiums(country="ES"))[1]["stadiums"]) == 50
    services.values.store.parameters["/stadiums/settings"] = '{"page_size": 3, "cache_seconds": 60}'
    assert len(read(handler, stadiums(country="ES"))[1]["stadiums"]) == 3
