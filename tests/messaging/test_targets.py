"""What rules, schedules and subscriptions have in common: whom they invoke, and where undelivered events end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from constructs_lib import RefusedError, assert_policy
from tests.compute.functions import make
from tests.messaging.listeners import event_rule, function_schedule, listener, topic_subscription
from tests.synth import ACCOUNT, of_type, only, synthesize

if TYPE_CHECKING:
    from collections.abc import Callable

SENDERS: list[Callable[..., Any]] = [event_rule, function_schedule, topic_subscription]
CONSTRUCTS = {event_rule: "Placed", function_schedule: "Hourly", topic_subscription: "Told"}
each_sender = pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.__name__)


@each_sender
def test_a_function_without_a_failure_path_is_refused(sender: Callable[..., Any], stack: cdk.Stack) -> None:
    """The sender's queue would not help: it takes only what never reached the function."""
    deaf = make(stack, "Deaf")
    with pytest.raises(
        RefusedError, match=r"'Deaf' without async_failure: it is invoked asynchronously.* fix: H"
    ):
        sender(stack, function=deaf)
    assert stack.node.try_find_child(CONSTRUCTS[sender]) is None


@each_sender
def test_a_plain_function_is_refused(sender: Callable[..., Any], stack: cdk.Stack) -> None:
    """Nobody knows its waits, and it has no alias."""
    plain = lambda_.Function.from_function_arn(
        stack, "Plain", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:plain"
    )
    with pytest.raises(RefusedError, match=r"function: got .*; allowed: a HardenedFunction"):
        sender(stack, function=plain)


@each_sender
@pytest.mark.parametrize(
    ("account", "region", "message"),
    [
        ("222222222222", "eu-west-1", "in account 222222222222, from account 111111111111"),
        (ACCOUNT, "us-east-1", "in region us-east-1, from region eu-west-1"),
    ],
)
def test_a_function_somewhere_else_is_refused(
    sender: Callable[..., Any], stack: cdk.Stack, account: str, region: str, message: str
) -> None:
    """Neither rules nor schedules invoke functions of other accounts or regions, and queues must be near too."""
    there = cdk.Stack(stack.node.root, "There", env=cdk.Environment(account=account, region=region))  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match=message):
        sender(stack, function=listener(there))


@each_sender
def test_the_function_may_be_in_another_stack(sender: Callable[..., Any], stack: cdk.Stack) -> None:
    """The permission is on the sender's side, so that the stacks depend on each other in one direction only."""
    environment = cdk.Environment(account=ACCOUNT, region="eu-west-1")
    functions = cdk.Stack(stack.node.root, "Functions", env=environment)  # type: ignore[arg-type]
    sender(stack, function=listener(functions))
    assert of_type(synthesize(functions), "AWS::Lambda::Permission") == {}
    assert stack.dependencies == [functions]


@each_sender
def test_the_queue_keeps_what_failed_and_rings(sender: Callable[..., Any], stack: cdk.Stack) -> None:
    """Encrypted, for 14 days, kept when the stack goes, and watched from the first message on."""
    made = sender(stack)
    template = synthesize(stack)
    queue_id = stack.resolve(made.dead_letter_queue.queue_arn)["Fn::GetAtt"][0]
    queue = template["Resources"][queue_id]
    assert queue["Properties"] == {"MessageRetentionPeriod": 1_209_600, "SqsManagedSseEnabled": True}
    assert queue["DeletionPolicy"] == "RetainExceptOnCreate"
    alarm = template["Resources"][stack.get_logical_id(made.dead_letter_alarm.node.default_child)][
        "Properties"
    ]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue_id, "QueueName"]}}]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 1)


@each_sender
def test_only_the_alias_is_invoked(sender: Callable[..., Any], stack: cdk.Stack) -> None:
    """Neither permission nor role nor target names the function itself."""
    sender(stack)
    template = synthesize(stack)
    (function_id,) = of_type(template, "AWS::Lambda::Function")
    kinds = {"Permission", "Rule", "Schedule", "Role", "Subscription"}
    own = [
        resource
        for logical_id, resource in template["Resources"].items()
        if resource["Type"].rpartition(":")[2] in kinds and not logical_id.startswith("Notify")
    ]
    assert own
    assert function_id not in str(own)


@each_sender
def test_the_policy_finds_nothing(sender: Callable[..., Any], stack: cdk.Stack) -> None:
    """Not even a warning: what a construct sets is what the policy asks for."""
    sender(stack)
    assert_policy(stack, strict=True)


@pytest.mark.parametrize("sender", [event_rule, function_schedule], ids=lambda sender: sender.__name__)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retry_attempts": 186}, "retry_attempts: got 186; allowed: whole numbers from 0 to 185"),
        ({"retry_attempts": -1}, "retry_attempts: got -1"),
        ({"retry_attempts": True}, "retry_attempts: got True"),
        ({"retry_attempts": 1.5}, "retry_attempts: got 1.5"),
        ({"max_event_age": 59}, "max_event_age: got 59 s; allowed: whole seconds from 60 to 86400"),
        ({"max_event_age": cdk.Duration.days(2)}, "max_event_age: got 172800 s; .* fix: 86400"),
    ],
    ids=["too many", "negative", "no number", "no whole number", "too young", "too old"],
)
def test_retries_out_of_range_are_refused(
    sender: Callable[..., Any], stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    """Each refusal has the range in it, and nothing is left behind."""
    with pytest.raises(RefusedError, match=message):
        sender(stack, **options)
    assert stack.node.try_find_child(CONSTRUCTS[sender]) is None


@pytest.mark.parametrize("sender", [event_rule, function_schedule], ids=lambda sender: sender.__name__)
def test_retries_of_your_own(sender: Callable[..., Any], stack: cdk.Stack) -> None:
    """Fewer and shorter, as asked for."""
    made = sender(stack, retry_attempts=0, max_event_age=cdk.Duration.minutes(2))
    assert made.max_event_age == 120
    template = synthesize(stack)
    kind = "AWS::Events::Rule" if sender is event_rule else "AWS::Scheduler::Schedule"
    properties = only(template, kind)["Properties"]
    target = properties["Targets"][0] if sender is event_rule else properties["Target"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 120}
