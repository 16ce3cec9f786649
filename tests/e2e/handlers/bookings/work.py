"""One booking, whichever way it came, and what is to happen to it on its way."""

from __future__ import annotations

import time
from typing import Any

from constructs_lib.runtime import Deadline

from . import ledger

TO_ANSWER = 0.5  # seconds kept for answering; far more than usual, for a machine that many share


class PoisonError(Exception):
    """No attempt at this booking succeeds."""


class RefusedBookingError(PoisonError):
    """Nor would any: a job that raises it is not tried again, and its caller reads why."""

    permanent = True


class HiccupError(Exception):
    """The next attempt succeeds."""


def book(way: str, booking: dict[str, Any], context: Any) -> None:
    """Book an amount once, unless its fate is another."""
    number, fate, request = booking["number"], booking["fate"], context.aws_request_id
    ledger.attempt(way, number, request)
    if fate == "poison":
        raise PoisonError(f"booking {number} is poison")
    if fate == "refused":
        raise RefusedBookingError(f"booking {number} is refused")
    if fate in {"hiccup", "hang"} and not ledger.tried_before(way, number, request):
        if fate == "hiccup":
            raise HiccupError(f"booking {number} has a hiccup")
        time.sleep(3600)
    if fate == "killed before":
        _wait_to_be_killed(way, number)
    ledger.book(way, number, request)
    if fate == "killed after":
        _wait_to_be_killed(way, number)


def _wait_to_be_killed(way: str, number: int) -> None:
    """Wait for SIGKILL from outside, until the deadline at most, unless it has come in another attempt."""
    if ledger.killed(way, number):
        return
    ledger.hold(way, number)
    try:
        while not ledger.killed(way, number):
            deadline = Deadline.current()
            time.sleep(0.05 if deadline is None else min(0.05, deadline.remaining()))
    finally:
        ledger.release(way, number)
