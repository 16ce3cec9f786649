"""A schedule: when, how near to the next occurrence, and what Scheduler's role may do."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_scheduler as scheduler

from constructs_lib import RefusedError, TimeoutBudget
from tests.messaging.listeners import every, function_schedule, listener
from tests.snapshots import resources
from tests.synth import only, synthesize

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

SCHEDULE, GROUP, ROLE = "AWS::Scheduler::Schedule", "AWS::Scheduler::ScheduleGroup", "AWS::IAM::Role"
Expression = scheduler.ScheduleExpression


def properties(stack: cdk.Stack) -> dict[str, Any]:
    """Give the one schedule's properties."""
    found: dict[str, Any] = only(synthesize(stack), SCHEDULE)["Properties"]
    return found


def budget(work: float) -> TimeoutBudget:
    """Give a budget with an init of 2 s and this work."""
    return TimeoutBudget(gateway=None, init=2, work=work)


def test_a_schedule(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Group, alias, dead letters, and retries that end when the next occurrence is due."""
    function_schedule(stack)
    assert resources(synthesize(stack), SCHEDULE, GROUP) == snapshot


def test_the_role_invokes_the_alias_and_nothing_else_for_this_group_alone(stack: cdk.Stack) -> None:
    """Scheduler of no other account, and no other group of this one, can be made to use it."""
    made = function_schedule(stack)
    role = synthesize(stack)["Resources"][stack.get_logical_id(made.role.node.default_child)]["Properties"]  # type: ignore[arg-type]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": "111111111111",
            "aws:SourceArn": stack.resolve(made.group.attr_arn),
        }
    }
    (policy,) = role["Policies"]
    target = stack.resolve(made.schedule.target)
    assert [(each["Action"], each["Resource"]) for each in policy["PolicyDocument"]["Statement"]] == [
        ("lambda:InvokeFunction", target["arn"]),
        ("sqs:SendMessage", target["deadLetterConfig"]["arn"]),
    ]


@pytest.mark.parametrize(
    ("schedule", "age"),
    [
        (every(minutes=5), 300),
        (every(days=2), 86_400),
        (Expression.cron(minute="0/10"), 600),
        (Expression.at(dt.datetime(2027, 1, 1, tzinfo=dt.UTC)), 86_400),
    ],
)
def test_an_occurrence_is_kept_until_the_next_one(stack: cdk.Stack, schedule: Any, age: int) -> None:
    """But at most for the day that Scheduler can; a one-time schedule has the day."""
    assert function_schedule(stack, schedule=schedule).max_event_age == age
    assert properties(stack)["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == age


def test_a_night_in_a_place(stack: cdk.Stack) -> None:
    """The hour is that of the time zone given."""
    nightly = Expression.cron(minute="30", hour="4", time_zone=cdk.TimeZone.EUROPE_BERLIN)
    function_schedule(stack, schedule=nightly)
    found = properties(stack)
    assert found["ScheduleExpression"] == "cron(30 4 * * ? *)"
    assert found["ScheduleExpressionTimezone"] == "Europe/Berlin"


def test_input_with_what_scheduler_knows(stack: cdk.Stack) -> None:
    """Context attributes reach Scheduler as they are."""
    function_schedule(stack, input={"due": "<aws.scheduler.scheduled-time>", "account": stack.account})
    assert json.loads(properties(stack)["Target"]["Input"]) == {
        "due": "<aws.scheduler.scheduled-time>",
        "account": "111111111111",
    }


def test_a_schedule_that_waits_for_its_day(stack: cdk.Stack) -> None:
    """It is there and does nothing."""
    function_schedule(stack, enabled=False, description="report")
    assert (properties(stack)["State"], properties(stack)["Description"]) == ("DISABLED", "report")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"schedule": every(minutes=1)},
            (
                r"rate\(1 minute\), 60 s apart; each starts within 60 s of its time, so two may start 0 s apart, and 'Notify' "
                r"may run 10 s \(init 2 \+ timeout 8\); allowed: at least 2 min apart; overlaps=True"
            ),
        ),
        ({"schedule": Expression.cron(minute="0,1")}, "60 s apart"),
        ({"schedule": Expression.cron(minute="0,59", hour="0,23")}, "60 s apart"),
        (
            {
                "schedule": every(minutes=15),
                "time_window": scheduler.TimeWindow.flexible(cdk.Duration.minutes(14)),
            },
            "within 60 s of its time and the time window of 14 min, so two may start 0 s apart.*at least 16 min",
        ),
    ],
    ids=["rate", "cron", "cron over midnight", "time window"],
)
def test_occurrences_that_may_overlap_are_refused(
    stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    """The arithmetic is in the message, and overlaps=True says that it is meant."""
    function = listener(stack)
    with pytest.raises(RefusedError, match=message):
        function_schedule(stack, function=function, **options)
    assert stack.node.try_find_child("Hourly") is None
    function_schedule(stack, function=function, overlaps=True, **options)


def test_the_cold_start_counts(stack: cdk.Stack) -> None:
    """Two minutes less the one of precision are 60 s: enough for init 2 and timeout 58, and not a second more."""
    fits = listener(stack, "Fits", budget=budget(work=55))
    function_schedule(stack, "Tight", function=fits, schedule=every(minutes=2))
    late = listener(stack, "Late", budget=budget(work=56))
    with pytest.raises(RefusedError, match=r"start 60 s apart, and 'Late' may run 61 s"):
        function_schedule(stack, "Over", function=late, schedule=every(minutes=2))


def test_an_expression_known_only_at_deploy_time_needs_the_declaration(stack: cdk.Stack) -> None:
    """Nobody checks then how near its occurrences are."""
    schedule = Expression.expression(cdk.CfnParameter(stack, "When").value_as_string)
    function = listener(stack)
    with pytest.raises(RefusedError, match=r"got a token: .* fix: overlaps=True"):
        function_schedule(stack, function=function, schedule=schedule)
    made = function_schedule(stack, function=function, schedule=schedule, overlaps=True)
    assert made.max_event_age == 86_400
    assert properties(stack)["ScheduleExpression"] == {"Ref": "When"}


def test_an_expression_that_scheduler_does_not_take_is_refused(stack: cdk.Stack) -> None:
    """Now rather than at deploy time, with the field and its range."""
    with pytest.raises(
        RefusedError, match="'Hourly': schedule: hours: got '25'; allowed: numbers from 0 to 23"
    ):
        function_schedule(stack, schedule=Expression.expression("cron(0 25 * * ? *)"))
