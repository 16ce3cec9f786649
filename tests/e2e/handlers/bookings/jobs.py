"""Does the jobs of the asynchronous API."""

from __future__ import annotations

from typing import Any

from . import work


def make(request: dict[str, Any], context: Any) -> dict[str, Any]:
    """Book what a request says, and answer what was booked."""
    work.book("jobs", request["body"], context)
    return {"booked": request["body"]["number"]}
