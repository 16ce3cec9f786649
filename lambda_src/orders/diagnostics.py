"""GET /diagnostics/{behaviour}: fails on purpose, to show what a caller sees. Deployed in the dev stage only."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from .answers import answer

if TYPE_CHECKING:
    from collections.abc import Callable


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Behave as the path says."""
    behaviour = event["pathParameters"]["behaviour"]
    if behaviour not in BEHAVIOURS:
        return answer(404, {"message": f"no behaviour {behaviour}; there are {', '.join(BEHAVIOURS)}"})
    BEHAVIOURS[behaviour](context)
    return answer(200, {"behaviour": behaviour})


def _work(_context: Any) -> None:
    """Do nothing, in time."""


def _time_out(context: Any) -> None:
    """Work on past the function's timeout."""
    time.sleep(context.get_remaining_time_in_millis() / 1000 + 60)


def _crash(_context: Any) -> None:
    """End the whole process, as an out-of-memory kill does."""
    os._exit(1)


BEHAVIOURS: dict[str, Callable[[Any], None]] = {"work": _work, "time-out": _time_out, "crash": _crash}
