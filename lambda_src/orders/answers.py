"""What a handler sends back through a Lambda proxy integration."""

from __future__ import annotations

import json
from typing import Any

from constructs_lib.runtime import sandbox


def answer(status: int, body: object) -> dict[str, Any]:
    """Make an answer that also says whether its caller waited for a cold start."""
    return {
        "statusCode": status,
        "headers": {
            "Content-Type": "application/json",
            "X-Sandbox": "cold" if sandbox.cold_start else "warm",
        },
        "body": json.dumps(body),
    }
