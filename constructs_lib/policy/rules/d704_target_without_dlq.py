"""D704 target-without-dlq."""

from __future__ import annotations

from constructs_lib.limits import EVENT_TARGET_AGE_DEFAULT, EVENT_TARGET_RETRIES_DEFAULT
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.event_targets import event_targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_TARGETS = """
Failed: {Type: AWS::SQS::Queue}
Writers:
  Type: AWS::SQS::QueuePolicy
  Properties: {Queues: [!Ref Failed], PolicyDocument: {Statement: [{Effect: Allow, Principal: "*", Action: "sqs:SendMessage", Resource: "*"}]}}
Jobs: {Type: AWS::SQS::Queue}
Orders: {Type: AWS::Kinesis::Stream}
Rule: {Type: AWS::Events::Rule, Properties: {Targets: [{Id: jobs, Arn: !GetAtt Jobs.Arn, RULE}]}}
Schedule: {Type: AWS::Scheduler::Schedule, Properties: {Target: {Arn: !GetAtt Jobs.Arn, SCHEDULE}}}
Pipe:
  Type: AWS::Pipes::Pipe
  Properties: {Source: !GetAtt SOURCE.Arn, SourceParameters: {KinesisStreamParameters: {PIPE}}, Target: !GetAtt Jobs.Arn}
"""
_DLQ = "DeadLetterConfig: {Arn: !GetAtt Failed.Arn}"
_WARM_UP = """Input: '{"constructs-lib:warm-up": {"hold": 0}}'"""
_NONE = "DeadLetterConfig: !Ref AWS::NoValue"


def _targets(rule: str = _DLQ, schedule: str = _DLQ, pipe: str = _DLQ, source: str = "Orders") -> str:
    filled = _TARGETS.replace("RULE", rule).replace("SCHEDULE", schedule)
    return filled.replace("PIPE", pipe).replace("SOURCE", source)


class TargetWithoutDlq(Rule):
    """An event that its target does not take is dropped after a day, and nobody knows.

    ## Why is this bad?
    A target that is throttled, deleted or may no longer be reached loses every event that is sent to it: EventBridge tries
    for a day, some errors not even once, and drops the event. The function's own dead-letter queue does not help, because
    the event never reached the function.

    ## What to do
    Set DeadLetterConfig on the target; for a pipe that reads a stream, in the parameters of its source.

    ## Known limits
    A pipe that reads a queue or a topic of Kafka has no such setting: its queue's RedrivePolicy counts (Q304). A warm-up
    event of this library carries no work that could be lost.
    """

    id = "D704"
    name = "target-without-dlq"
    severity = WARNING
    limits = (EVENT_TARGET_RETRIES_DEFAULT, EVENT_TARGET_AGE_DEFAULT)
    bad = {
        "rule": _targets(rule=_NONE),
        "schedule": _targets(schedule=_NONE),
        "pipe that reads a stream": _targets(pipe=_NONE),
    }
    good = {
        "all three": _targets(),
        "pipe that reads a queue": _targets(pipe=_NONE, source="Jobs"),
        "warm-up": _targets(schedule=_WARM_UP),
    }
    undecided = {"imported": _targets(rule="DeadLetterConfig: !ImportValue failures")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find targets of rules, schedules and pipes without a dead-letter queue."""
        for target in event_targets(graph):
            for when in graph.absent(target.dead_letters):
                message = f"{target.label} sends to {target.name} without a dead-letter queue: {target.harm}."
                fix = f"Set {target.dead_letters.place.property_path}."
                yield self.finding(target.dead_letters.place, message, fix=fix, path=target.path, when=when)
