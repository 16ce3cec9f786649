"""Q304 source-queue-without-dlq."""

from __future__ import annotations

from constructs_lib.limits import SQS_RECEIVES_MIN, SQS_RETENTION_DEFAULT
from constructs_lib.policy.edges.mappings import queue_of
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.dead_letters import dead_letter_queues, takes_redrives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUE = """
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Failed: {Type: AWS::SQS::Queue}
Jobs: {Type: AWS::SQS::Queue, Properties: {REDRIVE}}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""
_STAGES = """
Parameters: {Stage: {Type: String}}
Conditions: {IsProduction: !Equals [!Ref Stage, production]}
Resources:
  Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
  Failed: {Type: AWS::SQS::Queue}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy: !If [IsProduction, {deadLetterTargetArn: !GetAtt Failed.Arn}, !Ref AWS::NoValue]
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""


class SourceQueueWithoutDlq(Rule):
    """A message that cannot be processed is tried again until it expires, and then it is gone.

    ## Why is this bad?
    A poison message costs an invocation every visibility timeout for days, delays the others, and disappears without a
    trace at the end of its retention.

    ## What to do
    Give the queue a RedrivePolicy with a dead-letter queue that is kept longer, and an alarm on that queue. A queue that
    is itself a dead-letter queue is never asked for another.
    """

    id = "Q304"
    name = "source-queue-without-dlq"
    severity = WARNING
    limits = (SQS_RECEIVES_MIN, SQS_RETENTION_DEFAULT)
    bad = {
        "no redrive policy": _QUEUE.replace("REDRIVE", "VisibilityTimeout: 30"),
        "redrive policy in production alone": _STAGES,
    }
    good = {
        "redrive policy": _QUEUE.replace(
            "REDRIVE", "RedrivePolicy: {deadLetterTargetArn: !GetAtt Failed.Arn, maxReceiveCount: 5}"
        ),
        "dead-letter queue of queues elsewhere": _QUEUE.replace(
            "REDRIVE",
            "RedriveAllowPolicy: {redrivePermission: byQueue, sourceQueueArns: [!ImportValue orders]}",
        ),
    }
    undecided = {
        "redrive policy imported": _QUEUE.replace("REDRIVE", "RedrivePolicy: !ImportValue jobs-redrive")
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find queues that a function reads and that have no redrive policy."""
        dead_letters = dead_letter_queues(graph)
        for edge in graph.edges_of("sqs"):
            queue = queue_of(edge)
            if queue is None or queue in dead_letters or takes_redrives(queue):
                continue
            policy = queue.get("RedrivePolicy")
            for when in graph.absent(policy, given=edge.when):
                message = f"{edge.label}, read by {edge.callee}, has no dead-letter queue: a message that always fails is tried until it expires and is then lost."
                fix = f"Add a RedrivePolicy with a dead-letter queue and maxReceiveCount >= {float(SQS_RECEIVES_MIN):g}."
                yield self.finding(policy.place, message, fix=fix, path=edge.path, when=when)
