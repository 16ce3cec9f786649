"""Which kind of dead-letter queue a sender needs, and whether the one that it names is in reach."""

from __future__ import annotations

from constructs_lib.policy.services.dead_letters import failure_targets
from constructs_lib.policy.services.queues import fifo, fifo_by_name
from constructs_lib.policy.values.cases import one
from constructs_lib.policy.values.text import is_plain
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_QUEUE, _TOPIC, _SUBSCRIPTION = "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::SNS::Subscription"
_STANDARD_ONLY = {
    *("AWS::Lambda::Function", "AWS::Lambda::EventInvokeConfig"),
    *("AWS::Events::Rule", "AWS::Scheduler::Schedule"),
}
_SAME_ACCOUNT = {_QUEUE, _SUBSCRIPTION}


def kinds(graph: Graph) -> Iterator[tuple[Resource, Value, Value, Value]]:
    """List (sender, ARN it names, whether it needs FIFO, whether the queue is FIFO); without senders that take both."""
    for sender, arn in failure_targets(graph):
        wanted = _wanted(graph, sender)
        queue = graph.designated(arn, _QUEUE)
        if wanted is not None and (queue or _is_queue(arn)):
            yield sender, arn, wanted, fifo(queue) if queue else fifo_by_name(arn)


def _wanted(graph: Graph, sender: Resource) -> Value | None:
    if sender.type == _QUEUE:
        return fifo(sender)
    if sender.type == _SUBSCRIPTION:
        return _wanted_by_topic(graph, sender)
    return Value(one(data=False), sender.place, None) if sender.type in _STANDARD_ONLY else None


def _wanted_by_topic(graph: Graph, subscription: Resource) -> Value | None:
    """A FIFO topic may serve a standard queue, and AWS does not say which kind it needs then."""
    topic = graph.designated(subscription.get("TopicArn"), _TOPIC)
    subscriber = graph.designated(subscription.get("Endpoint"), _QUEUE)
    wanted = fifo(topic) if topic else fifo_by_name(subscription.get("TopicArn"))
    return None if wanted.only is True and (subscriber is None or not fifo(subscriber).only) else wanted


def elsewhere(graph: Graph, sender: Resource, arn: Value) -> str | None:
    """Say how the queue's place differs from the sender's, ``region (eu-west-1)``; None if it does not, or is not known."""
    queue = graph.designated(arn, _QUEUE)
    there = _home(queue) if queue else _written(arn)
    words = ("region", "account") if sender.type in _SAME_ACCOUNT else ("region",)
    topic = _written(sender.get("TopicArn")) if sender.type == _SUBSCRIPTION else (None, None)
    here = (
        ours or named for ours, named in zip(_home(sender), topic, strict=True)
    )  # a subscription is where its topic is
    for word, own, other in zip(words, here, there, strict=False):
        if own and other and own != other:
            return f"{word} ({other})"
    return None


def _home(resource: Resource) -> tuple[str | None, str | None]:
    known = resource.stack.template.environment
    return known.get("AWS::Region"), known.get("AWS::AccountId")


def _written(arn: Value) -> tuple[str | None, str | None]:
    text = arn.texts().only
    parts = text.split(":") if isinstance(text, str) and text.startswith("arn:") else []
    if len(parts) != 6:  # noqa: PLR2004 - arn:partition:sqs:region:account:name
        return None, None
    region, account = (part if is_plain(part) else None for part in parts[3:5])
    return region, account


def _is_queue(arn: Value) -> bool:
    text = arn.texts().only
    return isinstance(text, str) and ":sqs:" in text
