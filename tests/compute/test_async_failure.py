"""Where a failed asynchronous event ends: somewhere, encrypted, and writable by the function's role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from constructs_lib import AsyncFailure, RefusedError, assert_policy
from tests.compute.functions import make
from tests.snapshots import resources
from tests.synth import of_type, only, synthesize

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

FUNCTION, QUEUE, CONFIG = "AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::Lambda::EventInvokeConfig"


def statements(template: dict[str, Any]) -> list[dict[str, Any]]:
    """Give what the function's role may do."""
    found: list[dict[str, Any]] = only(template, "AWS::IAM::Policy")["Properties"]["PolicyDocument"][
        "Statement"
    ]
    return found


def test_a_function_that_only_answers_callers_has_no_queue(stack: cdk.Stack) -> None:
    """A dead-letter queue that nothing can ever reach would be noise, and an alarm on it a lie."""
    orders = make(stack)
    template = synthesize(stack)
    assert orders.dead_letter_queue is None
    assert of_type(template, QUEUE) | of_type(template, CONFIG) == {}


def test_a_queue_of_its_own(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Encrypted, TLS only, kept for 14 days; retries and event age stated on the alias."""
    make(stack, async_failure=AsyncFailure(retries=1, max_event_age=cdk.Duration.hours(1)))
    assert resources(synthesize(stack), QUEUE, "AWS::SQS::QueuePolicy", CONFIG, FUNCTION) == snapshot


def test_an_alarm_rings_for_the_first_event_in_the_queue(stack: cdk.Stack) -> None:
    """Nobody looks into a dead-letter queue unasked; the policy is content, in what it only warns of too."""
    orders = make(stack, async_failure=AsyncFailure())
    assert orders.dead_letter_alarm is not None
    template = synthesize(stack)
    (queue_id,) = of_type(template, QUEUE)
    alarm = only(template, "AWS::CloudWatch::Alarm")["Properties"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue_id, "QueueName"]}}]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 1)
    assert_policy(stack, strict=True)


def test_the_role_may_use_the_customer_key_of_its_queue(stack: cdk.Stack) -> None:
    """SQS encrypts with the sender's rights; without them Lambda drops the event and tells nobody."""
    key = kms.Key(stack, "Key")
    make(stack, async_failure=AsyncFailure(encryption_key=key))
    template = synthesize(stack)
    (key_id,) = of_type(template, "AWS::KMS::Key")
    (queue_id,) = of_type(template, QUEUE)
    assert only(template, QUEUE)["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
    granted = [
        (s["Action"], s["Resource"]["Fn::GetAtt"][0]) for s in statements(template) if s["Resource"] != "*"
    ]
    assert (["kms:GenerateDataKey", "kms:Decrypt"], key_id) in granted
    assert ("sqs:SendMessage", queue_id) in granted


def test_a_destination_instead_of_the_queue(stack: cdk.Stack) -> None:
    """The destination hangs on the alias, the role may write there, and no queue is made beside it."""
    key = kms.Key(stack, "Key")
    topic = sns.Topic(stack, "Failed", master_key=key)
    orders = make(stack, async_failure=AsyncFailure(destination=destinations.SnsDestination(topic)))
    template = synthesize(stack)
    (topic_id,) = of_type(template, "AWS::SNS::Topic")
    (alias_id,) = of_type(template, "AWS::Lambda::Alias")
    config = only(template, CONFIG)["Properties"]
    assert config["DestinationConfig"] == {"OnFailure": {"Destination": {"Ref": topic_id}}}
    assert config["Qualifier"]["Fn::Select"][1]["Fn::Split"][1] == {"Ref": alias_id}
    actions = [s["Action"] for s in statements(template)]
    assert "sns:Publish" in actions
    assert ["kms:Decrypt", "kms:GenerateDataKey*"] in actions
    assert orders.dead_letter_queue is None
    assert "DeadLetterConfig" not in only(template, FUNCTION)["Properties"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"retries": 3}, "retries: got 3; allowed: 0, 1 or 2"),
        ({"retries": True}, "retries: got True"),
        ({"retries": 1.5}, "retries: got 1.5"),
        ({"max_event_age": 59}, "max_event_age: got 59 s; allowed: whole seconds from 60 to 21600"),
        ({"max_event_age": cdk.Duration.hours(7)}, "max_event_age: got 25200 s; .* fix: 21600"),
    ],
    ids=["too many", "no number", "no whole number", "too young", "too old"],
)
def test_numbers_that_lambda_does_not_take_are_refused(arguments: dict[str, Any], message: str) -> None:
    """Each refusal has the range in it."""
    with pytest.raises(RefusedError, match=message):
        AsyncFailure(**arguments)


def test_a_key_for_somebody_elses_queue_is_refused(stack: cdk.Stack) -> None:
    """The construct encrypts only what it makes."""
    destination = destinations.SqsDestination(sqs.Queue(stack, "Failed"))
    with pytest.raises(RefusedError, match="got a key together with a destination"):
        AsyncFailure(destination=destination, encryption_key=kms.Key(stack, "Key"))


def test_a_key_on_which_nothing_can_be_granted_is_refused(stack: cdk.Stack) -> None:
    """CDK drops the grant on an imported alias without a word, and Lambda then drops the events."""
    key = kms.Alias.from_alias_name(stack, "Key", "alias/orders")
    with pytest.raises(RefusedError, match=r"known by its alias only; .* fix: kms.Key.from_key_arn"):
        make(stack, async_failure=AsyncFailure(encryption_key=key))
    assert stack.node.try_find_child("Orders") is None
