"""How long a workflow can take, against the plain definition of it: try every way."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.limits import TASK_TIMEOUT_DEFAULT
from constructs_lib.timeouts.workflow import Path, attempts_worst_case, longest_path, pauses

if TYPE_CHECKING:
    from collections.abc import Iterator

retriers = st.lists(
    st.fixed_dictionaries(
        {"ErrorEquals": st.just(["States.ALL"])},
        optional={
            "MaxAttempts": st.integers(0, 6),
            "IntervalSeconds": st.integers(1, 20),
            "BackoffRate": st.sampled_from([1, 1.5, 2, 3]),
            "MaxDelaySeconds": st.integers(21, 90),
        },
    ),
    max_size=3,
)


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a workflow whose states only lead to later ones, by Next, Catch, Choices and Default."""
    names = [f"S{index}" for index in range(draw(st.integers(1, 7)))]
    states: dict[str, Any] = {}
    for index, name in enumerate(names):
        later = names[index + 1 :]
        targets = draw(st.lists(st.sampled_from(later), max_size=3)) if later else []
        kind = draw(st.sampled_from(["Task", "Wait", "Choice", "Pass"]))
        state: dict[str, Any] = {"Type": kind}
        if kind == "Task":
            state |= {"TimeoutSeconds": draw(st.integers(1, 900)), "Retry": draw(retriers)}
            state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": target} for target in targets[1:]]
        if kind == "Wait":
            state["Seconds"] = draw(st.integers(0, 60))
        if kind == "Choice":
            state["Choices"] = [{"Next": target} for target in targets[1:]]
            state |= {"Default": targets[0]} if targets else {}
        elif targets:
            state["Next"] = targets[0]
        states[name] = state
    return {"StartAt": names[0], "States": states}


def ways(workflow: dict[str, Any], name: str) -> Iterator[float]:
    """List how long each way from a state on takes."""
    state = workflow["States"][name]
    once = {"Task": state.get("TimeoutSeconds"), "Wait": state.get("Seconds")}.get(state["Type"], 0)
    own = attempts_worst_case(once, state.get("Retry", []))
    after = [state.get("Next"), state.get("Default")]
    after += [each["Next"] for key in ("Catch", "Choices") for each in state.get(key, [])]
    yield own
    for target in filter(None, after):
        yield from (own + rest for rest in ways(workflow, target))


@given(acyclic())
def test_no_way_takes_longer_and_one_takes_as_long(workflow: dict[str, Any]) -> None:
    """The longest path is the longest of all ways, tried one by one."""
    assert longest_path(workflow).seconds == pytest.approx(max(ways(workflow, workflow["StartAt"])))


@given(acyclic())
def test_the_path_is_a_way_through_the_workflow(workflow: dict[str, Any]) -> None:
    """The terms name states in an order in which they can follow each other, none twice."""
    names = [name for name, _ in longest_path(workflow).steps]
    assert all(first < second for first, second in pairwise(names))


@given(st.integers(1, 900), retriers)
def test_each_attempt_and_each_pause_counts(once: int, given_retriers: list[dict[str, Any]]) -> None:
    """Simulated second by second: attempt, pause, attempt ..., until every retrier has no attempt left."""
    elapsed = float(once)
    for retrier in given_retriers:
        pause = float(retrier.get("IntervalSeconds", 1))
        for _ in range(retrier.get("MaxAttempts", 3)):
            elapsed += min(pause, retrier.get("MaxDelaySeconds", float("inf"))) + once
            pause *= retrier.get("BackoffRate", 2)
    assert attempts_worst_case(once, given_retriers) == pytest.approx(elapsed)


@given(st.integers(0, 8), st.integers(1, 60), st.sampled_from([1, 1.5, 2]), st.integers(60, 300))
def test_a_longest_pause_never_adds_time(retries: int, interval: int, rate: float, longest: int) -> None:
    """MaxDelaySeconds shortens pauses or changes nothing, and no pause exceeds it."""
    bounded = pauses(retries, interval, rate, longest)
    assert bounded <= pauses(retries, interval, rate)
    assert bounded <= retries * longest


def test_a_task_without_timeout_may_take_three_years() -> None:
    """What a task leaves open counts as Step Functions' own default, not as nothing."""
    states = {"Hang": {"Type": "Task", "End": True}}
    assert longest_path({"StartAt": "Hang", "States": states}).seconds == TASK_TIMEOUT_DEFAULT


def test_a_parallel_takes_as_long_as_its_longest_branch() -> None:
    """Branches run at once, and a Retry of the Parallel runs all of them again."""
    branches = [
        {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": seconds, "End": True}}}
        for seconds in (3, 7)
    ]
    both: dict[str, Any] = {"Type": "Parallel", "Branches": branches, "End": True}
    assert longest_path({"StartAt": "Both", "States": {"Both": both}}) == Path((("A", 7.0),))
    both["Retry"] = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 2}]
    assert longest_path({"StartAt": "Both", "States": {"Both": both}}) == Path((("Both", 16.0),))


def test_a_loop_counts_as_one_round() -> None:
    """A way back ends at the state it goes back to."""
    work = {"Type": "Task", "TimeoutSeconds": 10, "Next": "More"}
    more = {"Type": "Choice", "Choices": [{"Next": "Work"}], "Default": "Finish"}
    finish = {"Type": "Task", "TimeoutSeconds": 2, "End": True}
    loop = {"StartAt": "Work", "States": {"Work": work, "More": more, "Finish": finish}}
    assert longest_path(loop).terms == "10 s for Work + 2 s for Finish"


def test_a_map_counts_as_one_round() -> None:
    """How many items there are is not known, so a Map counts with what one of them takes."""
    one = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 4, "End": True}}}
    each = {"Type": "Map", "ItemProcessor": one, "End": True}
    assert longest_path({"StartAt": "Each", "States": {"Each": each}}).seconds == 4
