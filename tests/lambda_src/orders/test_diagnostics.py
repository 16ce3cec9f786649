"""GET /diagnostics/{behaviour}, and GET /unguarded/{behaviour} beside it."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.lambda_src.orders.events import request

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


class Context:
    """An invocation that is over soon."""

    aws_request_id = "8f5d"

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> float:
        """Give what is left, as Lambda's own context does."""
        return 1000 * (self._end - time.monotonic())


def call(module: ModuleType, behaviour: str, seconds: float = 5) -> dict[str, Any]:
    """Send a GET for a behaviour, with so many seconds for it."""
    event = {"httpMethod": "GET", **request(path={"behaviour": behaviour})}
    answer: dict[str, Any] = module.handler(event, Context(seconds))
    return answer


@pytest.mark.parametrize("module", ["diagnostics", "unguarded"])
def test_work_is_answered(start: Callable[[str], ModuleType], module: str) -> None:
    """The harmless behaviour answers with 200, the first time from a cold sandbox."""
    handler = start(module)
    answers = [call(handler, "work") for _ in range(2)]
    assert [(answer["statusCode"], json.loads(answer["body"])) for answer in answers] == [
        (200, {"behaviour": "work"})
    ] * 2
    assert [answer["headers"]["X-Sandbox"] for answer in answers] == ["cold", "warm"]


def test_a_hanging_call_is_answered_in_time(
    start: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    """The caller gets 503 before the invocation is over, and the log says which call took the time."""
    context = Context(0.5)
    event = {"httpMethod": "GET", **request(path={"behaviour": "hang"})}
    answer = start("diagnostics").handler(event, context)
    assert context.get_remaining_time_in_millis() > 0
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "1")
    line = next(line for line in capsys.readouterr().out.splitlines() if "deadline_exceeded" in line)
    assert [each["call"] for each in json.loads(line)["calls"]] == ["warehouse"]


def test_without_the_library_it_hangs_on(
    start: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on for longer than the invocation has left."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    call(start("unguarded"), "hang")
    assert slept[0] > 5


def test_a_crash_ends_the_process(start: Callable[[str], ModuleType]) -> None:
    """The sandbox is gone, without an answer."""
    diagnostics = start("diagnostics")
    child = os.fork()
    if not child:
        call(diagnostics, "crash")
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1


def test_an_unknown_behaviour_is_not_found(start: Callable[[str], ModuleType]) -> None:
    """The answer lists what there is."""
    answer = call(start("diagnostics"), "dance")
    assert answer["statusCode"] == 404
    assert "work, hang, crash" in answer["body"]
