"""Q305 dlq-forgets-first."""

from __future__ import annotations

from constructs_lib.limits import SQS_RETENTION_DEFAULT, SQS_RETENTION_MAX
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.dead_letters import redrive_target
from constructs_lib.policy.services.queues import age, fifo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUES = """
Failed: {Type: AWS::SQS::Queue, Properties: {FAILED}}
Jobs:
  Type: AWS::SQS::Queue
  Properties: {JOBS, RedrivePolicy: {deadLetterTargetArn: !GetAtt Failed.Arn, maxReceiveCount: 5}}
"""
_DAYS = "MessageRetentionPeriod: %s"


def _queues(jobs: object, failed: object) -> str:
    return _QUEUES.replace("JOBS", _DAYS % jobs).replace("FAILED", _DAYS % failed)


class DlqForgetsFirst(Rule):
    """A failed message is deleted from the dead-letter queue before anybody has looked at it.

    ## Why is this bad?
    A standard queue keeps the time at which a message was first sent when it moves the message to the dead-letter queue.
    What has waited for days in the source has only the rest of the dead-letter queue's retention left, and after a long
    outage nothing.

    ## What to do
    Keep messages longer in the dead-letter queue than in its source: 14 days, the maximum.

    ## Known limits
    A FIFO queue starts anew when it moves a message, so it is not looked at. Neither is a dead-letter queue that has the
    maximum already: shortening the source's retention would only lose messages earlier.
    """

    id = "Q305"
    name = "dlq-forgets-first"
    severity = WARNING
    limits = (SQS_RETENTION_DEFAULT, SQS_RETENTION_MAX)
    bad = {
        "both at the default": _queues("!Ref AWS::NoValue", "!Ref AWS::NoValue"),
        "source raised alone": _queues(1_209_600, "!Ref AWS::NoValue"),
        "dead-letter queue kept for an hour": _queues(345_600, 3600),
    }
    good = {
        "dead-letter queue kept longer": _queues(345_600, 1_209_600),
        "both at the maximum": _queues(1_209_600, 1_209_600),
        "FIFO": _QUEUES.replace("JOBS", "FifoQueue: true").replace("FAILED", "FifoQueue: true"),
    }
    undecided = {"retention imported": _queues(345_600, "!ImportValue retention")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare the retention of each standard queue with that of its dead-letter queue."""
        for source in graph.of_type("AWS::SQS::Queue"):
            failed = graph.designated(redrive_target(source), "AWS::SQS::Queue")
            if failed is None:
                continue
            kept, waits = (
                queue.get("MessageRetentionPeriod").default(float(SQS_RETENTION_DEFAULT)).numbers()
                for queue in (failed, source)
            )
            for left, waited, is_fifo, when in graph.known(kept, waits, fifo(source)):
                if is_fifo or left > waited or left >= SQS_RETENTION_MAX:
                    continue
                message = (
                    f"Queue {source.name} keeps a message for up to {age(waited)}, its dead-letter queue {failed.name} only "
                    f"until {age(left)} after it was first sent: the longer it waited before it failed, the sooner it is "
                    f"deleted there, after {age(left)} at once."
                )
                fix = f"Raise MessageRetentionPeriod of {failed.name} to {float(SQS_RETENTION_MAX):.0f} ({age(SQS_RETENTION_MAX)})."
                yield self.finding(kept.place, message, fix=fix, path=(source.id, failed.id), when=when)
