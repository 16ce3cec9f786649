"""Warm-up events: recognised, answered, and held no longer than is good for the function."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from constructs_lib.runtime import warm_up
from constructs_lib.timeouts.carriers import WARM_UP_KEY


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the naps instead of taking them."""
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    monkeypatch.delenv("TIMEOUT_BUDGET", raising=False)
    return naps


@pytest.mark.parametrize(
    "event",
    [None, [], "constructs-lib:warm-up", {}, {"body": '{"constructs-lib:warm-up": {}}'}, {"Records": []}],
)
def test_other_events_are_left_to_the_handler(event: object) -> None:
    """Only the key at the top of the event counts, where no caller of an API can put it."""
    assert warm_up.answer(event) is None


def test_the_sandbox_stays_busy_for_the_hold(slept: list[float]) -> None:
    """So that n warm-ups at once reach n sandboxes."""
    assert warm_up.answer({WARM_UP_KEY: {"hold": 0.5}}) == {"warmed_up": True}
    assert slept == [0.5]


@pytest.mark.parametrize(
    "asked", [None, {}, {"hold": True}, {"hold": "1"}, {"hold": -1}, {"hold": float("nan")}, 3]
)
def test_a_hold_that_is_none_is_no_wait(slept: list[float], asked: Any) -> None:
    """A warm-up that somebody wrote by hand is still answered."""
    assert warm_up.answer({WARM_UP_KEY: asked}) == {"warmed_up": True}
    assert slept == []


@pytest.mark.parametrize(("budget", "expected"), [(None, 5.0), ({"function": 3}, 1.5), ("broken", 5.0)])
def test_no_warm_up_outlasts_the_function(
    slept: list[float], monkeypatch: pytest.MonkeyPatch, budget: object, expected: float
) -> None:
    """A long hold is cut to five seconds, and to half of the function's timeout."""
    if budget is not None:
        monkeypatch.setenv("TIMEOUT_BUDGET", json.dumps(budget))
    warm_up.answer({WARM_UP_KEY: {"hold": float("inf")}})
    assert slept == [expected]
