"""The naive handler with one improvement, which ``STEP`` names: what each of them is worth by itself."""

from __future__ import annotations

import os
from typing import Any

import psycopg
import psycopg.rows
from sqlalchemy import QueuePool

from bench import stadiums_naive as naive
from constructs_lib.runtime import Cache, RedisStore, parameter_json, secret, secret_json

_SQL = f"SELECT {', '.join(naive.COLUMNS)} FROM stadiums WHERE country = %s ORDER BY capacity DESC, id DESC LIMIT %s"  # noqa: S608 - constants
_by_orm = naive.page


def values_by_extension() -> tuple[dict[str, Any], dict[str, Any], str]:
    """Read the same from the extension."""
    password = secret_json(os.environ["DATABASE_SECRET"])["password"]
    return parameter_json(naive.NAMES[0]), parameter_json(naive.NAMES[1]), password


def page_by_sql(login: dict[str, Any], country: str, size: int) -> str:
    """Ask the same in SQL, over a connection of this request's own."""
    options: Any = {**login, "sslmode": "verify-full", "sslrootcert": "system", "autocommit": True}
    with psycopg.connect(**options, row_factory=psycopg.rows.dict_row) as connection:
        return naive.as_json(connection.execute(_SQL, (country, size + 1)).fetchall(), size)


def page_by_cache(login: dict[str, Any], country: str, size: int) -> str:
    """Give what the cache has, or ask as the naive handler does."""
    return _cache.get_or_load(f"page:{country}:{size}", 300, lambda: _by_orm(login, country, size))


_cache = Cache(RedisStore(os.environ["CACHE_URL"], password=lambda: secret(os.environ["CACHE_SECRET"])))

if os.environ["STEP"] == "extension":
    naive.values = values_by_extension
elif os.environ["STEP"] == "sql":
    naive.page = page_by_sql
elif os.environ["STEP"] == "connection":
    naive.POOL = QueuePool
elif os.environ["STEP"] == "cache":
    naive.page = page_by_cache

handler = naive.handler
