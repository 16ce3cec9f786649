"""GET /unguarded/{behaviour}: works and hangs as ``diagnostics`` does, and leaves the deadline to Lambda.

The one handler without the runtime library, to show what that means. Deployed in the dev stage only.
"""

from __future__ import annotations

import json
import time
from itertools import count
from typing import Any

_invocations = count()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Behave as the path says."""
    behaviour = event["pathParameters"]["behaviour"]
    sandbox = "warm" if next(_invocations) else "cold"
    if behaviour == "hang":
        time.sleep(60)
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json", "X-Sandbox": sandbox},
        "body": json.dumps({"behaviour": behaviour}),
    }
