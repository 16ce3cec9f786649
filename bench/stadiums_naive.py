"""The peer of the stadiums' handler, as such a handler is first written: parameters by the SDK, an ORM, no cache.

It reads its parameters in each request, so that changes hold at once, and opens a connection in each request, so that none is
stale. Spared are mistakes that would make it slower still: its client and its engine are made once, and all parameters come by
one call. It gives the same body as ``lambda_src.stadiums.read_stadiums``.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

import boto3
from sqlalchemy import URL, Engine, NullPool, Pool, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

NAMES = ("/stadiums/database", "/stadiums/settings", "/stadiums/password")
COLUMNS = ("id", "name", "city", "country", "capacity", "opened", "latitude", "longitude")
POOL: type[Pool] = NullPool

ssm = boto3.client("ssm", region_name=os.environ["AWS_REGION"])


class Base(DeclarativeBase):
    """What SQLAlchemy keeps of the tables."""


class Stadium(Base):
    """A stadium."""

    __tablename__ = "stadiums"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    city: Mapped[str]
    country: Mapped[str]
    capacity: Mapped[int]
    opened: Mapped[int]
    latitude: Mapped[float]
    longitude: Mapped[float]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with the first page of a country's stadiums."""
    database, settings, password = values()
    body = page(
        database | {"password": password}, event["queryStringParameters"]["country"], settings["page_size"]
    )
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}


def values() -> tuple[dict[str, Any], dict[str, Any], str]:
    """Read the database's address, the settings and the password."""
    found = ssm.get_parameters(Names=list(NAMES), WithDecryption=True)["Parameters"]
    held = {one["Name"]: one["Value"] for one in found}
    return json.loads(held[NAMES[0]]), json.loads(held[NAMES[1]]), held[NAMES[2]]


def page(login: dict[str, Any], country: str, size: int) -> str:
    """Give the first page of a country's stadiums as JSON."""
    wanted = select(Stadium).where(Stadium.country == country)
    wanted = wanted.order_by(Stadium.capacity.desc(), Stadium.id.desc()).limit(size + 1)
    with Session(engine(json.dumps(login))) as session:
        found = [{name: getattr(one, name) for name in COLUMNS} for one in session.scalars(wanted)]
    return as_json(found, size)


@cache
def engine(login: str) -> Engine:
    """Make the engine, once."""
    given = json.loads(login)
    url = URL.create(
        "postgresql+psycopg",
        given["user"],
        given["password"],
        given["host"],
        given["port"],
        given["dbname"],
        {"sslmode": "verify-full", "sslrootcert": "system"},
    )
    return create_engine(url, poolclass=POOL)


def as_json(found: list[dict[str, Any]], size: int) -> str:
    """Lay out a page."""
    shown = found[:size]
    return json.dumps({"stadiums": shown, "after": shown[-1]["id"] if len(found) > size else None})
