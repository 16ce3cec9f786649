"""What is asked of the table, in SQL."""

from __future__ import annotations

from typing import Any, NamedTuple

from .database import database

_ONE = """
    SELECT id, name, city, country, capacity, opened, latitude, longitude FROM stadiums
    WHERE id = %(id)s
"""
_PAGE = """
    SELECT id, name, city, country, capacity, opened, latitude, longitude FROM stadiums
    WHERE country = %(country)s
      AND (%(after)s::integer IS NULL
           OR (capacity, id) < (SELECT capacity, id FROM stadiums WHERE id = %(after)s))
    ORDER BY capacity DESC, id DESC
    LIMIT %(size)s + 1
"""


class Page(NamedTuple):
    """Some stadiums of a country, the largest first, and the last one's number if there are more."""

    stadiums: list[dict[str, Any]]
    after: int | None


def of_country(country: str, after: int | None, size: int) -> Page:
    """Give the next stadiums of a country after one of them."""
    found = database.rows(_PAGE, {"country": country, "after": after, "size": size})
    stadiums = found[:size]
    return Page(stadiums, stadiums[-1]["id"] if len(found) > size else None)


def one(number: int) -> dict[str, Any] | None:
    """Give the stadium of a number."""
    return next(iter(database.rows(_ONE, {"id": number})), None)
