"""D705 subscription-without-dlq."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.event_targets import named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

_TOPIC = """
Failed: {Type: AWS::SQS::Queue}
Writers:
  Type: AWS::SQS::QueuePolicy
  Properties: {Queues: [!Ref Failed], PolicyDocument: {Statement: [{Effect: Allow, Principal: "*", Action: "sqs:SendMessage", Resource: "*"}]}}
Jobs: {Type: AWS::SQS::Queue}
Orders: {Type: AWS::SNS::Topic}
Subscription:
  Type: AWS::SNS::Subscription
  Properties: {TopicArn: !Ref Orders, Protocol: PROTOCOL, Endpoint: !GetAtt Jobs.Arn, REDRIVE}
"""
_INLINE = """
Jobs: {Type: AWS::SQS::Queue}
Orders: {Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: sqs, Endpoint: !GetAtt Jobs.Arn}]}}
"""
_PLAIN = _TOPIC.replace("PROTOCOL", "sqs")


class SubscriptionWithoutDlq(Rule):
    """A message that SNS cannot deliver is gone.

    ## Why is this bad?
    When the subscriber is deleted, its policy changes or its key refuses, SNS does not try again: the message is dropped at
    once. The queue's or the function's own dead-letter queue does not help, because the message never reached them.

    ## What to do
    Set RedrivePolicy on the subscription, and let SNS send to that queue.
    """

    id = "D705"
    name = "subscription-without-dlq"
    severity = WARNING
    bad = {
        "queue": _PLAIN.replace("REDRIVE", "RawMessageDelivery: true"),
        "subscription inside the topic": _INLINE,
    }
    good = {
        "redrive policy": _PLAIN.replace(
            "REDRIVE", "RedrivePolicy: {deadLetterTargetArn: !GetAtt Failed.Arn}"
        ),
        "mail": _TOPIC.replace("PROTOCOL", "email").replace("!GetAtt Jobs.Arn, REDRIVE", "ops@example.com"),
    }
    undecided = {"redrive policy imported": _PLAIN.replace("REDRIVE", "RedrivePolicy: !ImportValue redrive")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find subscriptions of queues and functions without a redrive policy."""
        for subscription in graph.of_type("AWS::SNS::Subscription"):
            topic = graph.designated(subscription.get("TopicArn"), "AWS::SNS::Topic")
            senders = (topic, subscription) if topic else (subscription,)
            yield from self._subscription(graph, senders, subscription.value, "Set RedrivePolicy.")
        for topic in graph.of_type("AWS::SNS::Topic"):
            for inline in topic.get("Subscription").elements():
                fix = "Make it an AWS::SNS::Subscription with a RedrivePolicy; inside the topic it cannot have one."
                yield from self._subscription(graph, (topic,), inline, fix)

    def _subscription(
        self, graph: Graph, senders: tuple[Resource, ...], value: Value, fix: str
    ) -> Iterator[Finding]:
        policy, name = value.get("RedrivePolicy"), named(graph, value.get("Endpoint"))
        if value.get("Protocol").texts().only not in {"sqs", "lambda"}:
            return
        for when in graph.absent(policy):
            noun = "Topic" if senders[0].type == "AWS::SNS::Topic" else "Subscription"
            message = f"{noun} {senders[0].name} sends to {name} without a dead-letter queue: a message that cannot be delivered is dropped."
            path = tuple(hop.id for hop in (*senders, graph.designated(value.get("Endpoint"))) if hop)
            yield self.finding(policy.place, message, fix=fix, path=path, when=when)
