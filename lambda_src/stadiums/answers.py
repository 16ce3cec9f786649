"""What a handler sends back through a Lambda proxy integration, and the cache of it."""

from __future__ import annotations

import json
import os
from typing import Any

from constructs_lib.runtime import Cache, RedisStore, sandbox, secret

RETRY_AFTER = 2  # seconds: about what a failed request has waited, so that callers do not pile up


def answer(status: int, body: object, **headers: str) -> dict[str, Any]:
    """Make an answer that also says whether its caller waited for a cold start."""
    return answer_with(status, json.dumps(body), **headers)


def answer_with(status: int, text: str, **headers: str) -> dict[str, Any]:
    """Make an answer of a body that is JSON already, as the cache keeps it."""
    sent = {"Content-Type": "application/json", "X-Sandbox": "cold" if sandbox.cold_start else "warm"}
    return {"statusCode": status, "headers": sent | headers, "body": text}


def unavailable() -> dict[str, Any]:
    """Ask the caller to try again a little later."""
    return answer(503, {"message": "not available now, try again"}, **{"Retry-After": str(RETRY_AFTER)})


def _password() -> str:
    return secret(os.environ["CACHE_SECRET"])


store = RedisStore(os.environ["CACHE_URL"], password=_password if "CACHE_SECRET" in os.environ else None)

# Bodies as they are sent: a hit is neither parsed nor written anew. An empty one stands for "there is none".
bodies = Cache(store, namespace="stadiums", encode=lambda body: body or "", decode=lambda text: text or None)
