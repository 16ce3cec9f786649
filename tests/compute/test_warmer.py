"""A warmer: on the alias, all at once, without retries, and only where it helps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler

from constructs_lib import ProvisionedConcurrency, RefusedError, TimeoutBudget, WarmSchedule, assert_policy
from constructs_lib.timeouts.carriers import WARM_UP_KEY
from tests.compute.functions import make
from tests.scanners import lint_findings, nag_findings
from tests.snapshots import resources
from tests.synth import new_stack, of_type, only, synthesize

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

SCHEDULE, MACHINE, ROLE = "AWS::Scheduler::Schedule", "AWS::StepFunctions::StateMachine", "AWS::IAM::Role"
Expression = scheduler.ScheduleExpression

WAIVED = {
    "AwsSolutions-SF1": "a round that fails costs a cold start; the function's own log says why, and ExecutionsFailed that",
    "AwsSolutions-SF2": "the function traces itself; a trace of each warm-up would be paid for and read by nobody",
    "Serverless-StepFunctionStateMachineXray": "the same",
}


def warmer(stack: cdk.Stack, **options: Any) -> WarmSchedule:
    """Make a warmer, of a function of its own unless one is given."""
    function = options.pop("function", None) or make(stack)
    return WarmSchedule(stack, "KeepWarm", **{"function": function, **options})


def definition(stack: cdk.Stack) -> str:
    """Give the workflow's definition with every reference in it written as text."""
    parts = only(synthesize(stack), MACHINE)["Properties"]["DefinitionString"]["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)


def test_a_warmer(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """One schedule, one express workflow, five invocations of the alias at once."""
    warmer(stack, environments=5)
    assert resources(synthesize(stack), SCHEDULE, MACHINE) == snapshot


def test_all_are_invoked_at_once_on_the_alias_and_hold(stack: cdk.Stack) -> None:
    """None can be answered by the environment of another; the time-out covers a cold start."""
    made = warmer(stack, environments=5)
    (alias,) = of_type(synthesize(stack), "AWS::Lambda::Alias")
    each = json.loads(definition(stack))["States"]["AtOnce"]
    task = each["ItemProcessor"]["States"]["WarmUp"]
    assert each["MaxConcurrency"] == made.environments == 5
    assert task["Parameters"] == {"FunctionName": f"<{alias}>", "Payload": {WARM_UP_KEY: {"hold": 1}}}
    assert task["TimeoutSeconds"] == 10
    target = only(synthesize(stack), SCHEDULE)["Properties"]["Target"]
    assert json.loads(target["Input"]) == {"environments": [1, 2, 3, 4, 5]}


def test_nothing_is_tried_again_and_nothing_ends_in_a_dead_letter_queue(stack: cdk.Stack) -> None:
    """A warm-up that comes late, in the middle of real load, would take what requests need."""
    warmer(stack)
    template = synthesize(stack)
    target = only(template, SCHEDULE)["Properties"]["Target"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    assert "DeadLetterConfig" not in target
    assert "Retry" not in definition(stack)
    assert of_type(template, "AWS::SQS::Queue") == {}


def test_the_roles_may_start_and_invoke_and_nothing_else(stack: cdk.Stack) -> None:
    """Scheduler for its group, the workflow for this account."""
    made = warmer(stack)
    template = synthesize(stack)
    roles = {
        logical_id: role["Properties"]
        for logical_id, role in of_type(template, ROLE).items()
        if logical_id.startswith("KeepWarm")
    }
    rights = {
        statement["Action"]: statement["Resource"]
        for role in roles.values()
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    }
    (alias,) = of_type(template, "AWS::Lambda::Alias")
    machine = stack.resolve(made.workflow.attr_arn)
    assert rights == {"states:StartExecution": machine, "lambda:InvokeFunction": {"Ref": alias}}
    conditions = [
        role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]
        for role in roles.values()
    ]
    group = stack.resolve(made.group.attr_arn)
    account = {"aws:SourceAccount": "111111111111"}
    assert sorted(conditions, key=len) == [account, {**account, "aws:SourceArn": group}]


def test_one_environment_holds_not_at_all(stack: cdk.Stack) -> None:
    """There is no other that could be answered by it."""
    assert warmer(stack).hold == 0


def test_office_hours(stack: cdk.Stack) -> None:
    """The hours are those of the time zone."""
    hours = Expression.cron(
        minute="0/5", hour="7-18", week_day="MON-FRI", time_zone=cdk.TimeZone.EUROPE_PARIS
    )
    warmer(stack, schedule=hours)
    found = only(synthesize(stack), SCHEDULE)["Properties"]
    assert (found["ScheduleExpression"], found["ScheduleExpressionTimezone"]) == (
        "cron(0/5 7-18 ? * MON-FRI *)",
        "Europe/Paris",
    )


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            {"provisioned": ProvisionedConcurrency()},
            "'Orders' with provisioned concurrency: .* CapacitySchedule",
        ),
        ({"snap_start": True}, "'Orders' with SnapStart"),
        (
            {"budget": TimeoutBudget(gateway=None, init=2, work=300)},
            "may run 305 s with a cold start; .* 300 s",
        ),
    ],
    ids=["provisioned", "snap start", "minutes of work"],
)
def test_functions_that_it_does_not_help_are_refused(
    stack: cdk.Stack, function: dict[str, Any], message: str
) -> None:
    """The message names the better answer."""
    with pytest.raises(RefusedError, match=message):
        warmer(stack, function=make(stack, **function))
    assert stack.node.try_find_child("KeepWarm") is None


def test_a_plain_function_is_refused(stack: cdk.Stack) -> None:
    """Warming $LATEST would warm nobody's environments."""
    arn = "arn:aws:lambda:eu-west-1:111111111111:function:plain"
    plain = lambda_.Function.from_function_arn(stack, "Plain", arn)
    with pytest.raises(RefusedError, match="allowed: a HardenedFunction"):
        warmer(stack, function=plain)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"environments": 0}, "environments: got 0; allowed: whole numbers from 1 to 40"),
        ({"environments": 41}, r"environments: got 41; .* fix: provisioned=ProvisionedConcurrency"),
        ({"environments": True}, "environments: got True"),
        (
            {"hold": 5.5},
            "hold: got 5.5 s; allowed: up to 3.5 s: 5 s, or half of the function's timeout of 7 s",
        ),
        ({"hold": -1}, "hold: got -1"),
        (
            {"schedule": Expression.expression("at(2027-01-01T00:00:00)")},
            "got at.*, once; allowed: a rate or cron",
        ),
        ({"schedule": Expression.expression("rate(5)")}, r"schedule: got 'rate\(5\)'"),
    ],
    ids=["none", "too many", "no number", "holds too long", "negative", "once", "no schedule"],
)
def test_numbers_and_schedules_that_make_no_sense_are_refused(
    stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    """Each with what is allowed, and nothing is left behind."""
    with pytest.raises(RefusedError, match=message):
        warmer(stack, **options)
    assert stack.node.try_find_child("KeepWarm") is None


@pytest.mark.parametrize(
    ("environments", "message"),
    [
        (6, "got 6, of the 5 that 'Orders' has reserved; allowed: up to 4"),
        (5, "requests are; fix: environments=4"),
    ],
)
def test_the_reserve_is_not_for_warm_ups_alone(stack: cdk.Stack, environments: int, message: str) -> None:
    """Beyond it they are throttled, and while they hold all of it every request is."""
    with pytest.raises(RefusedError, match=message):
        warmer(stack, function=make(stack, reserved_concurrent_executions=5), environments=environments)


@pytest.mark.parametrize("reserved", [5, "token"])
def test_a_reserve_that_leaves_room_or_is_not_known_is_taken(stack: cdk.Stack, reserved: Any) -> None:
    """A token is Lambda's to compare: warm-ups beyond it are throttled."""
    if reserved == "token":
        reserved = cdk.CfnParameter(stack, "Reserve", type="Number").value_as_number
    assert (
        warmer(stack, function=make(stack, reserved_concurrent_executions=reserved), environments=4).hold == 1
    )


def test_the_policy_finds_nothing(stack: cdk.Stack) -> None:
    """A warm-up needs neither a dead-letter queue nor retries, and the rules know it."""
    warmer(stack, environments=3)
    assert_policy(stack, strict=True)


def test_it_passes_cfn_lint() -> None:
    """No finding on any of its resources."""
    stack = new_stack()
    warmer(stack, environments=3)
    assert lint_findings(stack) == []


def test_nag_finds_what_is_waived_with_a_reason_and_nothing_else(tmp_path: Path) -> None:
    """AwsSolutions and Serverless, on the warmer's own resources."""
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    warmer(cdk.Stack(app, "Test"), environments=3)
    found = {rule for rule, path in nag_findings(app) if path.startswith("Test/KeepWarm/")}
    assert found == set(WAIVED)
