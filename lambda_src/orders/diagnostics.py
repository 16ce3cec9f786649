"""GET /diagnostics/{behaviour}: fails on purpose, to show what a caller sees. Deployed in the dev stage only."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from constructs_lib.runtime import api_handler, downstream

from .answers import answer

if TYPE_CHECKING:
    from collections.abc import Callable


@api_handler
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Behave as the path says."""
    behaviour = event["pathParameters"]["behaviour"]
    if behaviour not in BEHAVIOURS:
        return answer(404, {"message": f"no behaviour {behaviour}; there are {', '.join(BEHAVIOURS)}"})
    BEHAVIOURS[behaviour]()
    return answer(200, {"behaviour": behaviour})


def _work() -> None:
    """Do nothing, in time."""


def _hang() -> None:
    """Wait for a warehouse that does not answer, with no timeout of its own."""
    with downstream("warehouse"):
        time.sleep(60)


def _crash() -> None:
    """End the whole process, as an out-of-memory kill does."""
    os._exit(1)


BEHAVIOURS: dict[str, Callable[[], None]] = {"work": _work, "hang": _hang, "crash": _crash}
