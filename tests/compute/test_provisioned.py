"""Warm capacity: on the alias, scaled safely, and never in conflict with what else the function has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk.aws_applicationautoscaling import Schedule
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib import (
    CapacitySchedule,
    ProvisionedConcurrency,
    RefusedError,
    TimeoutBudget,
    TimeoutHierarchyError,
)
from tests.compute.functions import make
from tests.snapshots import resources
from tests.synth import of_type, only, synthesize

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

ALIAS = "AWS::Lambda::Alias"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"


def at(hour: int, minimum: int, **arguments: Any) -> CapacitySchedule:
    """Make a daily schedule that is named by its hour."""
    schedule = Schedule.cron(hour=str(hour), minute="0")
    return CapacitySchedule(name=f"At{hour}", schedule=schedule, minimum=minimum, **arguments)


def test_target_tracking_and_schedules(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Capacity sits on the alias, is tracked between minimum and maximum, and raised by the clock."""
    make(
        stack,
        provisioned=ProvisionedConcurrency(
            minimum=2,
            maximum=20,
            schedules=[
                at(8, 10, time_zone=cdk.TimeZone.EUROPE_BERLIN),
                at(12, 15, maximum=40),
                at(20, 1),
            ],
        ),
    )
    assert resources(synthesize(stack), ALIAS, TARGET, POLICY) == snapshot


def test_a_fixed_amount_needs_no_autoscaling(stack: cdk.Stack) -> None:
    """Without maximum and schedules the alias states its capacity and nothing may change it."""
    orders = make(stack, provisioned=ProvisionedConcurrency(minimum=3))
    template = synthesize(stack)
    assert only(template, ALIAS)["Properties"]["ProvisionedConcurrencyConfig"] == {
        "ProvisionedConcurrentExecutions": 3
    }
    assert of_type(template, TARGET) == {}
    assert orders.scaling is None


def test_schedules_alone_move_both_ends(stack: cdk.Stack) -> None:
    """Nothing tracks a target then, so a schedule that raised only the minimum would never come down again."""
    make(stack, provisioned=ProvisionedConcurrency(minimum=1, schedules=[at(8, 10), at(20, 1)]))
    template = synthesize(stack)
    actions = only(template, TARGET)["Properties"]["ScheduledActions"]
    assert [a["ScalableTargetAction"] for a in actions] == [
        {"MinCapacity": 10, "MaxCapacity": 10},
        {"MinCapacity": 1, "MaxCapacity": 1},
    ]
    assert of_type(template, POLICY) == {}


def test_the_budget_is_proven_for_warm_environments(stack: cdk.Stack) -> None:
    """An init over 10 s fails on demand (H4) and holds with provisioned concurrency."""
    budget = TimeoutBudget(gateway=60, init=9, function=40)
    assert make(stack, provisioned=ProvisionedConcurrency(), budget=budget).budget.init_type == (
        "provisioned-concurrency"
    )
    with pytest.raises(TimeoutHierarchyError, match="H4"):
        TimeoutBudget(gateway=60, init=12, function=40)


@pytest.mark.parametrize(
    "capacity",
    [
        ProvisionedConcurrency(minimum=5),
        ProvisionedConcurrency(maximum=5),
        ProvisionedConcurrency(schedules=[at(8, 5)]),
        ProvisionedConcurrency(maximum=2, schedules=[at(8, 2, maximum=5)]),
    ],
    ids=["minimum", "maximum", "schedule's minimum", "schedule's maximum"],
)
def test_more_than_the_reserve_is_refused(stack: cdk.Stack, capacity: ProvisionedConcurrency) -> None:
    """Every amount that can ever be asked for counts; the deployment or the schedule would fail otherwise."""
    with pytest.raises(RefusedError, match=r"got 4, below the 5 environments .* fix: reserve 5"):
        make(stack, reserved_concurrent_executions=4, provisioned=capacity)
    make(stack, reserved_concurrent_executions=5, provisioned=capacity)


@pytest.mark.parametrize("amount", [0, -1, True, 1.5, "2"])
def test_less_than_one_environment_is_refused(amount: Any) -> None:
    """Neither the alias nor a schedule can be brought to 0: the next deployment would fail."""
    for refused in (
        lambda: ProvisionedConcurrency(minimum=amount),
        lambda: ProvisionedConcurrency(maximum=amount),
        lambda: at(20, amount),
        lambda: at(20, 1, maximum=amount),
    ):
        with pytest.raises(RefusedError, match=r"allowed: whole numbers >= 1; fix: 1 is the least"):
            refused()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"minimum": 5, "maximum": 4}, "maximum: got 4; allowed: >= the minimum of 5"),
        ({"target_utilization": 0.95}, r"target_utilization: got 0.95; allowed: 0.1 to 0.9"),
        ({"schedules": [at(8, 2), at(8, 3)]}, "got 'At8' twice"),
        ({"schedules": [at(8, 2, maximum=3)]}, "got 3, where nothing tracks a target"),
        (
            {"maximum": 4, "schedules": [at(8, 5)]},
            "got 5, above the function's maximum of 4; allowed: 1 to 4",
        ),
    ],
    ids=["range", "target", "name twice", "maximum without tracking", "schedule above maximum"],
)
def test_amounts_that_contradict_each_other_are_refused(arguments: dict[str, Any], message: str) -> None:
    """Each contradiction is named with both numbers."""
    with pytest.raises(RefusedError, match=message):
        ProvisionedConcurrency(**arguments)


@given(
    minimum=st.integers(1, 50),
    more=st.none() | st.integers(0, 50),
    scheduled=st.lists(st.tuples(st.integers(1, 100), st.none() | st.integers(0, 50)), max_size=4),
)
def test_what_is_accepted_never_asks_for_more_than_it_says(
    minimum: int, more: int | None, scheduled: list[tuple[int, int | None]]
) -> None:
    """``most`` is an upper bound of every amount in the object, and one of them reaches it."""
    entries = [
        at(hour, least, maximum=None if extra is None else least + extra)
        for hour, (least, extra) in enumerate(scheduled)
    ]
    try:
        capacity = ProvisionedConcurrency(
            minimum=minimum, maximum=None if more is None else minimum + more, schedules=entries
        )
    except RefusedError:
        return
    parts: list[ProvisionedConcurrency | CapacitySchedule] = [capacity, *entries]
    assert capacity.most == max(part.maximum or part.minimum for part in parts)


def test_a_token_is_called_one() -> None:
    """CDK writes number tokens as huge negative numbers, which tell a reader nothing."""
    with pytest.raises(RefusedError, match="minimum: got a token, whose value is known only at deploy time"):
        ProvisionedConcurrency(minimum=cdk.Token.as_number({"Ref": "Warm"}))  # type: ignore[arg-type]


WITHOUT_COLD_STARTS = TimeoutBudget(gateway=10, init=4, function=9, cold_starts=False)


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        ({}, "provision 1 and set reserved_concurrent_executions=1"),
        ({"provisioned": ProvisionedConcurrency(minimum=2)}, "provision 2 and set"),
        (
            {"provisioned": ProvisionedConcurrency(minimum=2), "reserved_concurrent_executions": 3},
            "provision 2 and set reserved_concurrent_executions=2",
        ),
        (
            {
                "provisioned": ProvisionedConcurrency(minimum=2, schedules=[at(20, 1)]),
                "reserved_concurrent_executions": 2,
            },
            "provision 1 and set reserved_concurrent_executions=1",
        ),
    ],
    ids=["on demand", "spill over", "reserve above", "night below"],
)
def test_cold_starts_are_not_wished_away(stack: cdk.Stack, arguments: dict[str, Any], fix: str) -> None:
    """H2 is waived only where no request can start an environment on demand."""
    with pytest.raises(RefusedError, match=f"budget: got cold_starts=False with .* {fix}"):
        make(stack, budget=WITHOUT_COLD_STARTS, **arguments)


def test_a_function_that_is_warm_as_a_whole_meets_none(stack: cdk.Stack) -> None:
    """What the reserve does not hold is throttled, and SnapStart restores instead of initialising."""
    warm = ProvisionedConcurrency(minimum=2)
    make(stack, "Warm", budget=WITHOUT_COLD_STARTS, provisioned=warm, reserved_concurrent_executions=2)
    make(stack, "Restored", budget=WITHOUT_COLD_STARTS, snap_start=True)


@pytest.mark.parametrize("reserved", [-1, 1.5])
def test_a_reserve_is_a_whole_number(stack: cdk.Stack, reserved: float) -> None:
    """Lambda would refuse it at deploy time only."""
    with pytest.raises(RefusedError, match=f"got {reserved:g}; allowed: whole numbers >= 0, or none"):
        make(stack, reserved_concurrent_executions=reserved)


@pytest.mark.parametrize("name", ["", " At8", "At8 ", "a/b", "a:b", "a|b", "a\nb", "x" * 257])
def test_a_name_of_no_schedule_is_refused(name: str) -> None:
    """Application Auto Scaling would refuse it at deploy time."""
    with pytest.raises(RefusedError, match="CapacitySchedule: name: got"):
        CapacitySchedule(name=name, schedule=Schedule.cron(hour="8"), minimum=1)
