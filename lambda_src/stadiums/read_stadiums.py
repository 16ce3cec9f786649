"""GET /stadiums?country=ES and GET /stadiums/{stadium_id}: from the cache, or else from the table."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from constructs_lib.errors import ExtensionError
from constructs_lib.runtime import api_handler

from . import stadium_table
from .answers import RETRY_AFTER, answer, answer_with, bodies, unavailable
from .configuration import Settings, settings
from .database import DatabaseUnavailableError

log = logging.getLogger(__name__)

_NOT_THERE_SECONDS = 30  # for which the cache holds that there is no such stadium
_NUMBER, _COUNTRY = re.compile(r"[0-9]{1,9}"), re.compile(r"[A-Za-z]{2}")


@api_handler(retry_after=RETRY_AFTER)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with one stadium if the path names one, else with a page of a country's."""
    path, query = event.get("pathParameters") or {}, event.get("queryStringParameters") or {}
    try:
        if "stadium_id" in path:
            return _one(path["stadium_id"], settings())
        return _page(query.get("country", ""), query.get("after"), settings())
    except (DatabaseUnavailableError, ExtensionError) as error:
        log.error("answered 503: %s", error)  # noqa: TRY400 - an outage has many requests, and one trace for all
        return unavailable()


def _one(number: str, now: Settings) -> dict[str, Any]:
    def load() -> str | None:
        found = stadium_table.one(int(number))
        return json.dumps(found) if found else None

    body = None
    if _NUMBER.fullmatch(number):
        key = f"stadium:{int(number)}"
        body = bodies.get_or_load(key, now.cache_seconds, load, negative_ttl=_NOT_THERE_SECONDS)
    return answer_with(200, body) if body else answer(404, {"message": f"no stadium {number}"})


def _page(country: str, after: str | None, now: Settings) -> dict[str, Any]:
    if not _COUNTRY.fullmatch(country):
        return answer(400, {"message": "country: give the two letters of ISO 3166-1, such as ES"})
    if after is not None and not _NUMBER.fullmatch(after):
        return answer(400, {"message": "after: give the number that the page before ended with"})
    asked = (country.upper(), None if after is None else int(after), now.page_size)

    def load() -> str:
        return json.dumps(stadium_table.of_country(*asked)._asdict())

    return answer_with(200, bodies.get_or_load(f"page:{asked}", now.cache_seconds, load))
