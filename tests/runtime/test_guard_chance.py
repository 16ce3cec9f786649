"""Whenever the alarm comes, and whatever the work does, the guard leaves nothing behind."""

from __future__ import annotations

import gc
import random
import signal
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime import guard as guards
from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.guard import Interrupt

pytestmark = pytest.mark.usefixtures("nothing_remains")


def test_an_alarm_may_come_at_any_moment_of_entering_and_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of nested guards, left by chance just when their alarms come: none is left half entered."""
    monkeypatch.setattr(guards, "_AT_ONCE", 20e-6)
    chance = random.Random(7)  # noqa: S311 - chance, no secret
    late = 0
    for _ in range(6_000):
        with suppress(DeadlineExceeded), Deadline(chance.uniform(20e-6, 120e-6)).guard():
            late += 1
            with suppress(DeadlineExceeded), Deadline(chance.uniform(20e-6, 120e-6)).guard():
                sum(range(chance.randrange(400)))
            sum(range(chance.randrange(2_000)))
            late -= 1
        assert guards._guards == []
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        assert Deadline.current() is None
    assert late > 0


class Outcome(Exception):  # noqa: N818 - stands for an error of the user's code
    """What a piece of work may raise."""


pieces = st.recursive(
    st.sampled_from(["sleep", "raise", "nothing", "spin"]),
    lambda inner: st.tuples(
        st.sampled_from(["guard", "swallow", "suppress", "finally"]), st.lists(inner, max_size=3)
    ),
    max_leaves=6,
)


def perform(piece: Any) -> None:
    """Carry a piece of work out."""
    if piece == "sleep":
        time.sleep(0.004)
    elif piece == "raise":
        raise Outcome
    elif piece == "spin":
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            pass
    elif piece != "nothing":
        how, parts = piece
        if how == "guard":
            with Deadline(0.003).guard():
                perform_all(parts)
        elif how == "suppress":
            with suppress(Exception):
                perform_all(parts)
        elif how == "swallow":
            with suppress(Outcome, Interrupt):
                perform_all(parts)
        else:
            try:
                perform_all(parts)
            finally:
                time.sleep(0.001)


def perform_all(parts: list[Any]) -> None:
    """Carry pieces of work out, one after another."""
    for part in parts:
        perform(part)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(pieces, max_size=5), seconds=st.sampled_from([0.001, 0.002, 0.005, 0.01]))
def test_whatever_the_work_it_ends_in_time_and_nothing_remains(parts: list[Any], seconds: float) -> None:
    """Sleeps, errors, nested guards, swallowing and finally in any order: the block is left soon after its deadline.

    Whatever leaves it is an ordinary error; the fixture proves that no timer, guard or handler stays behind.
    """
    gc.disable()  # Hypothesis listens to the collector, and Python only prints what is raised in such a callback
    began = time.monotonic()
    with suppress(DeadlineExceeded, Outcome), Deadline(seconds, reserve=0).guard():
        perform_all(parts)
    gc.enable()
    assert time.monotonic() - began < seconds + 0.5
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert guards._guards == []
    assert Deadline.current() is None
