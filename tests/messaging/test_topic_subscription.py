"""A subscription: its topic, its filters, and who may invoke and write for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import CfnParameter
from aws_cdk import aws_sns as sns

from constructs_lib import RefusedError
from tests.messaging.listeners import topic_subscription
from tests.snapshots import resources
from tests.synth import only, synthesize

if TYPE_CHECKING:
    import aws_cdk as cdk
    from syrupy.assertion import SnapshotAssertion

SUBSCRIPTION, PERMISSION = "AWS::SNS::Subscription", "AWS::Lambda::Permission"


def test_a_subscription(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Alias, dead letters, and a permission for this topic alone."""
    topic_subscription(stack)
    assert resources(synthesize(stack), SUBSCRIPTION, PERMISSION) == snapshot


def test_only_this_topic_may_send_to_its_queue(stack: cdk.Stack) -> None:
    """The service may, on behalf of the topic's ARN."""
    topic = sns.Topic(stack, "Orders", enforce_ssl=True)
    topic_subscription(stack, topic=topic)
    template = synthesize(stack)
    (sending,) = [
        statement
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::SQS::QueuePolicy" and logical_id.startswith("Told")
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert sending["Principal"] == {"Service": "sns.amazonaws.com"}
    assert sending["Condition"] == {"ArnEquals": {"aws:SourceArn": stack.resolve(topic.topic_arn)}}


def test_messages_by_attribute(stack: cdk.Stack) -> None:
    """The filter is SNS's own, so that the function is not invoked for the rest."""
    kind = sns.SubscriptionFilter.string_filter(allowlist=["placed"])
    topic_subscription(stack, filter_policy={"kind": kind})
    assert only(synthesize(stack), SUBSCRIPTION)["Properties"]["FilterPolicy"] == {"kind": ["placed"]}


def test_messages_by_body(stack: cdk.Stack) -> None:
    """The same on the message itself, and said so."""
    kind = sns.FilterOrPolicy.filter(sns.SubscriptionFilter.string_filter(allowlist=["placed"]))
    topic_subscription(stack, filter_policy_with_message_body={"kind": kind})
    properties = only(synthesize(stack), SUBSCRIPTION)["Properties"]
    assert (properties["FilterPolicy"], properties["FilterPolicyScope"]) == (
        {"kind": ["placed"]},
        "MessageBody",
    )


def test_both_filters_are_refused(stack: cdk.Stack) -> None:
    """A subscription has one scope."""
    with pytest.raises(RefusedError, match="got one by attributes and one by body"):
        topic_subscription(stack, filter_policy={}, filter_policy_with_message_body={})
    assert stack.node.try_find_child("Told") is None


@pytest.mark.parametrize("imported", [True, False])
def test_a_fifo_topic_is_refused(stack: cdk.Stack, *, imported: bool) -> None:
    """It delivers to queues only; the way round is named."""
    arn = "arn:aws:sns:eu-west-1:111111111111:orders.fifo"
    topic = (
        sns.Topic.from_topic_arn(stack, "Orders", arn) if imported else sns.Topic(stack, "Orders", fifo=True)
    )
    with pytest.raises(
        RefusedError, match=r"got a FIFO topic, which delivers to queues only; .* QueueWorker"
    ):
        topic_subscription(stack, topic=topic)


def test_a_topic_of_another_region_is_refused(stack: cdk.Stack) -> None:
    """SNS writes undelivered messages only to a queue in the topic's region."""
    topic = sns.Topic.from_topic_arn(stack, "Orders", "arn:aws:sns:us-east-1:111111111111:orders")
    with pytest.raises(RefusedError, match="topic in region us-east-1, from region eu-west-1"):
        topic_subscription(stack, topic=topic)


def test_a_topic_of_another_account_is_taken(stack: cdk.Stack) -> None:
    """Subscription and queue are in this account; the topic has to allow the subscription."""
    arn = "arn:aws:sns:eu-west-1:222222222222:orders"
    topic_subscription(stack, topic=sns.Topic.from_topic_arn(stack, "Orders", arn))
    assert only(synthesize(stack), PERMISSION)["Properties"]["SourceArn"] == arn


def test_a_topic_known_only_at_deploy_time_is_taken(stack: cdk.Stack) -> None:
    """Its kind and its region are SNS's to check then."""
    arn = CfnParameter(stack, "TopicArn").value_as_string
    topic_subscription(stack, topic=sns.Topic.from_topic_arn(stack, "Orders", arn))
    assert only(synthesize(stack), SUBSCRIPTION)["Properties"]["TopicArn"] == {"Ref": "TopicArn"}
