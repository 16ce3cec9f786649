"""SDK clients that wait as long as the function's budget says, and no longer."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def budget() -> Mapping[str, Any]:
    """Give the budget that the construct wrote down, in seconds."""
    found: Mapping[str, Any] = json.loads(os.environ["TIMEOUT_BUDGET"])
    return found


@cache
def client(service: str, call: str) -> Any:
    """Make the client of a service, with the waits of a call of the budget."""
    waits = budget()["calls"][call]
    sdk: Any = boto3  # its stubs ask for a literal name
    return sdk.client(
        service,
        config=Config(
            connect_timeout=waits["connect"],
            read_timeout=waits["read"],
            retries={"mode": "standard", "total_max_attempts": waits["attempts"]},
        ),
    )
