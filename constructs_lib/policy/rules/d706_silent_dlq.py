"""D706 silent-dlq."""

from __future__ import annotations

from constructs_lib.policy.edges.mappings import mappings
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.alarms import unclear_alarms, watched_queues
from constructs_lib.policy.services.dead_letters import dead_letter_queues

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUES = """
Failed: {Type: AWS::SQS::Queue}
Jobs:
  Type: AWS::SQS::Queue
  Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Failed.Arn, maxReceiveCount: 5}}
Alarm:
  Type: AWS::CloudWatch::Alarm
  Properties:
    Namespace: AWS/SQS
    MetricName: ApproximateNumberOfMessagesVisible
    Dimensions: [{Name: QueueName, Value: QUEUE}]
"""
_REDRIVER = """
Redriver: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Failed.Arn, FunctionName: !Ref Redriver, BatchSize: 1}
"""


class SilentDlq(Rule):
    """Failed messages wait in a dead-letter queue, and nobody is told.

    ## Why is this bad?
    A message in a dead-letter queue is work that was not done. Without an alarm it is found when a customer asks, or never,
    because it is deleted when its retention ends.

    ## What to do
    Add an alarm on ApproximateNumberOfMessagesVisible of the queue, at one message or more.

    ## Known limits
    A dead-letter queue that a function reads is not silent: the function sees every message. An alarm that is made outside
    the given templates cannot be seen.
    """

    id = "D706"
    name = "silent-dlq"
    severity = WARNING
    bad = {"alarm on the source instead": _QUEUES.replace("QUEUE", "!GetAtt Jobs.QueueName")}
    good = {
        "alarm on the dead-letter queue": _QUEUES.replace("QUEUE", "!GetAtt Failed.QueueName"),
        "a function reads it": _QUEUES.replace("QUEUE", "jobs") + _REDRIVER,
    }
    undecided = {"alarm on an imported queue": _QUEUES.replace("QUEUE", "!ImportValue failed-queue")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find dead-letter queues that neither an alarm nor a function watches."""
        watched = watched_queues(graph)
        read = {mapping.source for mapping in mappings(graph, "sqs")}
        unclear = list(unclear_alarms(graph))
        for queue, senders in dead_letter_queues(graph).items():
            if queue in watched or queue in read:
                continue
            for value in unclear:
                graph.coverage.undecided(value.place, "it may be the name of any queue")
            if not unclear:
                names = ", ".join(dict.fromkeys(sender.name for sender in senders))
                message = f"Dead-letter queue {queue.name} of {names} has no alarm: what fails waits there unseen until it is deleted."
                fix = f"Add an alarm on ApproximateNumberOfMessagesVisible of {queue.name}."
                yield self.finding(queue.place, message, fix=fix, path=(senders[0].id, queue.id))
