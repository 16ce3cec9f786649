"""What API Gateway sends back: JSON, with what a browser needs to show it to its page."""

from __future__ import annotations

import json
import os
from typing import Any


def answer(event: dict[str, Any], status: int, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    """Make an answer; keyword arguments are headers, with ``_`` for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fixed = {"Content-Type": "application/json", "Cache-Control": "no-store", **_cross_origin(event)}
    return {"statusCode": status, "headers": {**fixed, **named}, "body": json.dumps(body)}


def header(event: dict[str, Any], name: str) -> str | None:
    """Read a request header, however the caller wrote its name."""
    headers = event.get("headers") or {}
    return next((value for key, value in headers.items() if key.lower() == name.lower()), None)


def caller_of(event: dict[str, Any]) -> str:
    """Name who calls, by whatever authorized the request; empty on a public route."""
    context = event.get("requestContext") or {}
    authorizer, identity = context.get("authorizer") or {}, context.get("identity") or {}
    claims = authorizer.get("claims") or {}
    named = claims.get("sub") or authorizer.get("principalId") or identity.get("userArn")
    arn = str(named or identity.get("apiKeyId") or "")
    # Each session of a role has a name of its own; the role is who calls.
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn


def _cross_origin(event: dict[str, Any]) -> dict[str, str]:
    cors = json.loads(os.environ.get("CORS", "{}"))
    origin, allowed = header(event, "Origin"), cors.get("origins", [])
    if not allowed or ("*" not in allowed and origin not in allowed):
        return {"Vary": "Origin"} if allowed else {}
    found = {
        "Access-Control-Allow-Origin": "*" if "*" in allowed else str(origin),
        "Access-Control-Expose-Headers": "Location,Retry-After",
        "Vary": "Origin",
    }
    return {**found, "Access-Control-Allow-Credentials": "true"} if cors.get("credentials") else found
