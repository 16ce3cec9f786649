"""A rule: its pattern, its bus, and who may invoke and write for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import aws_events as events

from constructs_lib import RefusedError
from tests.messaging.listeners import event_rule
from tests.snapshots import resources
from tests.synth import new_stack, only, synthesize

if TYPE_CHECKING:
    import aws_cdk as cdk
    from syrupy.assertion import SnapshotAssertion

RULE, PERMISSION, POLICY = "AWS::Events::Rule", "AWS::Lambda::Permission", "AWS::SQS::QueuePolicy"


def test_a_rule(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Alias, dead letters, retries stated, and permission and queue policy for this rule alone."""
    event_rule(stack)
    assert resources(synthesize(stack), RULE, PERMISSION) == snapshot


def test_only_this_rule_may_send_to_its_queue(stack: cdk.Stack) -> None:
    """The service may, on behalf of the rule's ARN; nobody may without TLS."""
    made = event_rule(stack)
    template = synthesize(stack)
    policies = [
        resource["Properties"]["PolicyDocument"]["Statement"]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == POLICY and logical_id.startswith("Placed")
    ]
    ((tls, sending),) = policies
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert sending["Principal"] == {"Service": "events.amazonaws.com"}
    assert sending["Condition"] == {"ArnEquals": {"aws:SourceArn": stack.resolve(made.rule.rule_arn)}}


def test_the_defaults_keep_an_event_as_long_as_eventbridge_can(stack: cdk.Stack) -> None:
    """An outage that ends within a day needs nobody to replay events."""
    assert event_rule(stack).max_event_age == 86_400
    (target,) = only(synthesize(stack), RULE)["Properties"]["Targets"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86_400}


def test_a_part_of_the_event_from_another_bus(stack: cdk.Stack) -> None:
    """The rule stands on the bus given, and the function gets what was asked for."""
    bus = events.EventBus(stack, "Bus")
    event_rule(
        stack, event_bus=bus, event=events.RuleTargetInput.from_event_path("$.detail"), description="placed"
    )
    properties = only(synthesize(stack), RULE)["Properties"]
    assert properties["EventBusName"] == stack.resolve(bus.event_bus_name)
    assert properties["Targets"][0]["InputPath"] == "$.detail"
    assert properties["Description"] == "placed"


def test_a_rule_that_waits_for_its_day(stack: cdk.Stack) -> None:
    """It is there and matches nothing."""
    event_rule(stack, enabled=False)
    assert only(synthesize(stack), RULE)["Properties"]["State"] == "DISABLED"


@pytest.mark.parametrize("pattern", [events.EventPattern(), events.EventPattern(source=[])])
def test_a_pattern_without_a_condition_is_refused(stack: cdk.Stack, pattern: events.EventPattern) -> None:
    """EventBridge would refuse it at deploy time; who wants a time is sent to the schedule."""
    with pytest.raises(RefusedError, match=r"without a condition; .* FunctionSchedule"):
        event_rule(stack, event_pattern=pattern)
    assert stack.node.try_find_child("Placed") is None


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        (
            "arn:aws:events:eu-west-1:222222222222:event-bus/b",
            "a bus in account 222222222222, for a rule in acc",
        ),
        (
            "arn:aws:events:us-east-1:111111111111:event-bus/b",
            "a bus in region us-east-1, for a rule in region eu",
        ),
    ],
)
def test_a_bus_somewhere_else_is_refused(stack: cdk.Stack, arn: str, message: str) -> None:
    """A rule stands where its bus is; a bus elsewhere sends here by a rule of its own."""
    bus = events.EventBus.from_event_bus_arn(stack, "Bus", arn)
    with pytest.raises(RefusedError, match=message):
        event_rule(stack, event_bus=bus)


def test_where_the_account_is_open_the_bus_is_not_judged() -> None:
    """Unknown is neither the same nor another account."""
    stack = new_stack(region=None)
    arn = "arn:aws:events:us-east-1:222222222222:event-bus/b"
    event_rule(stack, event_bus=events.EventBus.from_event_bus_arn(stack, "Bus", arn))
    assert only(synthesize(stack), RULE)["Properties"]["EventBusName"] == "b"
