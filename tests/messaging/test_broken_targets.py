"""What the constructs make impossible, the rules find in templates: each part taken away or bent, one at a time."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib import WarmSchedule
from constructs_lib.policy import check_templates
from constructs_lib.policy.settings import Settings
from constructs_lib.policy.template.template import parse
from tests.compute.functions import make
from tests.messaging.listeners import event_rule, every, function_schedule, listener, topic_subscription
from tests.synth import new_stack, synthesize

if TYPE_CHECKING:
    from collections.abc import Callable

Properties = dict[str, Any]

RULE, SCHEDULE = "AWS::Events::Rule", "AWS::Scheduler::Schedule"
SUBSCRIPTION, PERMISSION = "AWS::SNS::Subscription", "AWS::Lambda::Permission"
CONFIG, FUNCTION, MACHINE = (
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Function",
    "AWS::StepFunctions::StateMachine",
)
ALARM, POLICY, ROLE = "AWS::CloudWatch::Alarm", "AWS::SQS::QueuePolicy", "AWS::IAM::Role"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """Give a template with each sender once, and a warmer of a function behind nothing else."""
    stack = new_stack()
    notify = listener(stack)
    event_rule(stack, function=notify)
    function_schedule(stack, function=notify, schedule=every(minutes=5))
    topic_subscription(stack, function=notify)
    WarmSchedule(stack, "KeepWarm", function=make(stack, "Orders"), environments=2)
    return synthesize(stack)


def found(template: dict[str, Any]) -> set[str]:
    """List the rules that find something."""
    report = check_templates([parse(json.dumps(template), "template")], Settings())
    return {finding.rule for finding in report.findings if finding.severity in {"error", "warning"}}


def drop(*path: Any) -> Callable[[Properties], None]:
    """Take an entry away."""

    def bend(properties: Properties) -> None:
        for key in path[:-1]:
            properties = properties[key]
        del properties[path[-1]]

    return bend


def put(value: Any, *path: Any) -> Callable[[Properties], None]:
    """Write another value there."""

    def bend(properties: Properties) -> None:
        for key in path[:-1]:
            properties = properties[key]
        properties[path[-1]] = value

    return bend


def test_nothing_is_found_as_the_constructs_make_it(template: dict[str, Any]) -> None:
    """So that what is found below is found because of what was bent."""
    assert found(template) == set()


@pytest.mark.parametrize(
    ("kind", "name", "bend", "rule"),
    [
        (RULE, "Placed", drop("Targets", 0, "DeadLetterConfig"), "D704"),
        (SCHEDULE, "Hourly", drop("Target", "DeadLetterConfig"), "D704"),
        (SUBSCRIPTION, "Told", drop("RedrivePolicy"), "D705"),
        (PERMISSION, "Placed", drop("SourceArn"), "S804"),
        (PERMISSION, "Told", drop("SourceArn"), "S804"),
        (PERMISSION, "Told", put("*", "SourceArn"), "S804"),
        (SCHEDULE, "Hourly", put("rate(1 minute)", "ScheduleExpression"), None),
        (FUNCTION, "Notify", put(301, "Timeout"), "T112"),
        (
            SCHEDULE,
            "Hourly",
            put({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}, "FlexibleTimeWindow"),
            "T112",
        ),
        (FUNCTION, "Notify", drop("DeadLetterConfig"), "D701"),
        (POLICY, "Placed", drop("PolicyDocument", "Statement", 1), "D708"),
        (POLICY, "Told", drop("PolicyDocument", "Statement", 1), "D708"),
        (ROLE, "Hourly", drop("Policies", 0, "PolicyDocument", "Statement", 1), "D708"),
        (ALARM, "Placed", put([], "Dimensions"), "D706"),
        (ALARM, "Hourly", put([], "Dimensions"), "D706"),
        (ALARM, "Told", put([], "Dimensions"), "D706"),
    ],
)
def test_each_broken_part_is_found(
    template: dict[str, Any], kind: str, name: str, bend: Callable[[Properties], None], rule: str | None
) -> None:
    """By the rule that names the harm, and by no other; what may start 60 s apart and runs 10 s is no finding."""
    broken = copy.deepcopy(template)
    (resource,) = [
        each
        for logical_id, each in broken["Resources"].items()
        if each["Type"] == kind and logical_id.startswith(name)
    ]
    bend(resource["Properties"])
    assert found(broken) == ({rule} if rule else set())


def test_a_warmer_of_latest_is_found(template: dict[str, Any]) -> None:
    """Its environments serve no caller of the alias."""
    broken = copy.deepcopy(template)
    resources = broken["Resources"]
    (alias,) = [name for name in resources if name.startswith("OrdersAlias")]
    (function,) = [name for name in resources if name.startswith("OrdersFunction") and "Version" not in name]
    (machine,) = [each for each in resources.values() if each["Type"] == MACHINE]
    resources["Api"] = {
        "Type": "AWS::ApiGatewayV2::Api",
        "Properties": {"ProtocolType": "HTTP", "Target": {"Ref": alias}},
    }
    text = json.dumps(machine)
    broken["Resources"] = {
        name: json.loads(text.replace(f'"Ref": "{alias}"', f'"Fn::GetAtt": ["{function}", "Arn"]'))
        if each is machine
        else each
        for name, each in resources.items()
    }
    assert "C507" not in found({**broken, "Resources": resources})
    assert "C507" in found(broken)
