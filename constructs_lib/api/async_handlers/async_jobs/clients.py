"""SDK clients that wait as long as the function's budget says, and no longer."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3

from constructs_lib.runtime import waits


@cache
def client(service: str, call: str) -> Any:
    """Make the client of a service, with the waits of a call of the budget."""
    sdk: Any = boto3  # its stubs ask for a literal name
    return sdk.client(service, config=waits(call).botocore_config())
