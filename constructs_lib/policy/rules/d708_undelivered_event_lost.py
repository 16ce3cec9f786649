"""D708 undelivered-event-lost."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.service_writers import missing, senders
from constructs_lib.policy.services.writers import QUEUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_RULE = """
Failed: {Type: AWS::SQS::Queue, Properties: {ENCRYPTION}}
Jobs: {Type: AWS::SQS::Queue}
Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [USE]}}}
Placed:
  Type: AWS::Events::Rule
  Properties: {Targets: [{Id: a, Arn: !GetAtt Jobs.Arn, DeadLetterConfig: {Arn: !GetAtt Failed.Arn}}]}
Other: {Type: AWS::Events::Rule, Properties: {EventPattern: {source: [other]}}}
"""
_POLICY = """
Policy:
  Type: AWS::SQS::QueuePolicy
  Properties:
    Queues: [!Ref Failed]
    PolicyDocument:
      Statement:
        - {Effect: Allow, Principal: {Service: SERVICE}, Action: "sqs:SendMessage", Resource: !GetAtt Failed.Arn, CONDITION}
"""
_SCHEDULE = """
Failed: {Type: AWS::SQS::Queue}
Jobs: {Type: AWS::SQS::Queue}
Role:
  Type: AWS::IAM::Role
  Properties: {Policies: [{PolicyName: a, PolicyDocument: {Statement: [{Effect: Allow, Action: "sqs:SendMessage", Resource: RESOURCE}]}}]}
Often:
  Type: AWS::Scheduler::Schedule
  Properties: {Target: {Arn: !GetAtt Jobs.Arn, RoleArn: !GetAtt Role.Arn, DeadLetterConfig: {Arn: !GetAtt Failed.Arn}}}
"""
_USE = '{Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: ["kms:GenerateDataKey", "kms:Decrypt"], Resource: "*"}'
_OURS = "Condition: {ArnEquals: {'aws:SourceArn': !GetAtt Placed.Arn}}"


def _rule(
    service: str = "", condition: str = _OURS, encryption: str = "SqsManagedSseEnabled: true", use: str = ""
) -> str:
    policy = _POLICY.replace("SERVICE", service).replace("CONDITION", condition) if service else ""
    return _RULE.replace("ENCRYPTION", encryption).replace("USE", use) + policy


class UndeliveredEventLost(Rule):
    """An event that cannot be delivered is lost, because its sender may not write to the dead-letter queue.

    ## Why is this bad?
    EventBridge and SNS write there as services, and Scheduler with its role: a queue's ARN alone lets nobody in, and a
    customer key has to be allowed too. The failed write is only counted in a metric, on the day when everything else
    fails.

    ## What to do
    Let a queue policy allow the service sqs:SendMessage for this rule or topic alone, and the key's policy kms:GenerateDataKey
    and kms:Decrypt; allow Scheduler's role the same on queue and key.

    ## Known limits
    A policy that is not in the given templates is not seen. A queue, key or role outside of them is not judged.
    """

    id = "D708"
    name = "undelivered-event-lost"
    severity = ERROR
    bad = {
        "no queue policy": _rule(),
        "another service": _rule("sns.amazonaws.com"),
        "another rule": _rule("events.amazonaws.com", _OURS.replace("Placed", "Other")),
        "no use of the key": _rule("events.amazonaws.com", encryption="KmsMasterKeyId: !GetAtt Key.Arn"),
        "role of a schedule": _SCHEDULE.replace("RESOURCE", "!GetAtt Jobs.Arn"),
        "another service in production": _rule("!If [IsProd, sns.amazonaws.com, events.amazonaws.com]"),
    }
    good = {
        "this rule": _rule("events.amazonaws.com"),
        "this account": _rule(
            "events.amazonaws.com", "Condition: {StringEquals: {'aws:SourceAccount': !Ref AWS::AccountId}}"
        ),
        "key and queue": _rule(
            "events.amazonaws.com", encryption="KmsMasterKeyId: !GetAtt Key.Arn", use=_USE
        ),
        "role of a schedule": _SCHEDULE.replace("RESOURCE", "'*'"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Ask of each dead-letter queue of a rule, schedule or subscription whether its sender may write there."""
        for each in senders(graph):
            queue = graph.designated(each.arn, QUEUE)
            if queue is not None and (lacking := missing(graph, each, queue)):
                said = " and ".join(lacking)
                who = each.service or "its role"
                message = f"{each.sender.name} cannot write to its dead-letter queue {queue.name}: {who} has no {said}, so undelivered events are lost."
                yield self.finding(
                    each.arn.place, message, fix=f"Allow {who} {said}.", path=(each.sender.id, queue.id)
                )
