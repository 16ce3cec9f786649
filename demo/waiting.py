"""Waiting for what happens on its own time: a message worked off, a workflow at its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from demo.expectation import UnexpectedError

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")
PATIENCE = 90  # seconds for what takes a few, on a machine that is busy with other things
_BETWEEN_LOOKS = 0.2


def wait_for(what: str, look: Callable[[], Found | None]) -> Found:
    """Look again and again until there is something, and give it.

    Raises:
        UnexpectedError: nothing came.
    """
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise UnexpectedError(f"{what}: got nothing within {PATIENCE} s; expected it sooner")
        time.sleep(_BETWEEN_LOOKS)
    return found
