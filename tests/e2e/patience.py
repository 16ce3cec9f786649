"""Waiting without a guess at how long: as long as something moves, and for minutes when nothing does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

STANDSTILL = 180.0  # seconds without any change after which something must be wrong, on the slowest machine
POLL = 0.5


def until(happened: Callable[[], bool], progress: Callable[[], object]) -> None:
    """Wait until something has happened, as long as the progress goes on changing."""
    last, since = progress(), time.monotonic()
    while not happened():
        time.sleep(POLL)
        now = progress()
        if now != last:
            last, since = now, time.monotonic()
        assert time.monotonic() - since < STANDSTILL, f"it stands still at {last}"
