"""What an HTTP API sends the handlers, as far as they read it: parts that are empty are left out."""

from __future__ import annotations

from typing import Any

_HTTP = {"requestContext": {"http": {"method": "GET"}}, "version": "2.0"}


def stadiums(**query: str) -> dict[str, Any]:
    """GET /stadiums with a query string."""
    return {**_HTTP, "queryStringParameters": query} if query else dict(_HTTP)


def stadium(number: object) -> dict[str, Any]:
    """GET /stadiums/{stadium_id}."""
    return {**_HTTP, "pathParameters": {"stadium_id": str(number)}}
