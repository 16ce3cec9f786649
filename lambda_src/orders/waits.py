"""How long each downstream call may take: the budget that the construct proved and wrote into the environment."""

from __future__ import annotations

import json
import os
from typing import NamedTuple


class Waits(NamedTuple):
    """The waits of one downstream call: timeouts in seconds, and attempts with the first included."""

    connect: float
    read: float
    attempts: int


def waits_for(call: str) -> Waits:
    """Look a call up by the name that the budget gives it, so that no timeout is written down twice."""
    found = json.loads(os.environ["TIMEOUT_BUDGET"])["calls"][call]
    return Waits(found["connect"], found["read"], found["attempts"])
