"""What the handlers are configured with, read when it is needed: changes need no deployment, only the extension's TTL."""

from __future__ import annotations

import os
from typing import NamedTuple

from constructs_lib.runtime import parameter_json


class Settings(NamedTuple):
    """The settings of a stage."""

    page_size: int
    cache_seconds: int


class Address(NamedTuple):
    """Where the database is, or the proxy in front of it; ``user`` is whom IAM lets in, a secret names its own."""

    host: str
    port: int
    dbname: str
    user: str


def settings() -> Settings:
    """Read the settings; only inside an invocation."""
    return Settings(**parameter_json(os.environ["SETTINGS_PARAMETER"]))


def database_address() -> Address:
    """Read where the database is; only inside an invocation."""
    return Address(**parameter_json(os.environ["DATABASE_PARAMETER"]))
