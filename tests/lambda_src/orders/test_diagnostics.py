"""GET /diagnostics/{behaviour}."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from tests.lambda_src.orders.events import request

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    import pytest


class Context:
    """An invocation with five seconds left."""

    def get_remaining_time_in_millis(self) -> int:
        """Give what is left, as Lambda's own context does."""
        return 5_000


def test_work_is_answered(start: Callable[[str], ModuleType]) -> None:
    """The harmless behaviour answers with 200."""
    answer = start("diagnostics").handler(request(path={"behaviour": "work"}), Context())
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"behaviour": "work"})


def test_a_time_out_outlasts_the_function(
    start: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on for longer than the invocation has left."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    start("diagnostics").handler(request(path={"behaviour": "time-out"}), Context())
    assert slept[0] > 5


def test_a_crash_ends_the_process(start: Callable[[str], ModuleType]) -> None:
    """The sandbox is gone, without an answer."""
    diagnostics = start("diagnostics")
    child = os.fork()
    if not child:
        diagnostics.handler(request(path={"behaviour": "crash"}), Context())
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1


def test_an_unknown_behaviour_is_not_found(start: Callable[[str], ModuleType]) -> None:
    """The answer lists what there is."""
    answer = start("diagnostics").handler(request(path={"behaviour": "dance"}), Context())
    assert answer["statusCode"] == 404
    assert "work, time-out, crash" in answer["body"]
