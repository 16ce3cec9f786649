"""D707 dlq-kind-mismatch."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.dead_letter_kinds import elsewhere, kinds
from constructs_lib.policy.values.text import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUES = """
Failed: {Type: AWS::SQS::Queue, Properties: {FAILED}}
Jobs:
  Type: AWS::SQS::Queue
  Properties: {JOBS, RedrivePolicy: {deadLetterTargetArn: TARGET, maxReceiveCount: 5}}
"""
_FIFO, _STANDARD = "FifoQueue: true", "VisibilityTimeout: 30"


def _queues(jobs: str, failed: str, target: str = "!GetAtt Failed.Arn") -> str:
    return _QUEUES.replace("JOBS", jobs).replace("FAILED", failed).replace("TARGET", target)


class DlqKindMismatch(Rule):
    """The dead-letter queue cannot take what is sent to it: it is of another kind, or in another place.

    ## Why is this bad?
    A FIFO queue needs a FIFO dead-letter queue, everything else a standard one, and both have to be in the same account and
    region. The deployment fails, or, where it does not, what failed is lost.

    ## What to do
    Make a dead-letter queue of the same kind, in the same stack.
    """

    id = "D707"
    name = "dlq-kind-mismatch"
    severity = ERROR
    bad = {
        "standard behind FIFO": _queues(_FIFO, _STANDARD),
        "FIFO behind standard": _queues(_STANDARD, _FIFO),
        "FIFO of another stack": _queues(
            _STANDARD, _STANDARD, "arn:aws:sqs:eu-west-1:123456789012:failed.fifo"
        ),
        "other region than the topic's": """
            Subscription:
              Type: AWS::SNS::Subscription
              Properties:
                TopicArn: arn:aws:sns:eu-west-1:123456789012:orders
                RedrivePolicy: {deadLetterTargetArn: "arn:aws:sqs:us-east-1:123456789012:failed"}
        """,
        "FIFO behind a function": """
            Failed: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
            Notify: {Type: AWS::Lambda::Function, Properties: {DeadLetterConfig: {TargetArn: !GetAtt Failed.Arn}}}
        """,
        "FIFO of another stack in production": _queues(
            _STANDARD,
            _STANDARD,
            "!If [IsProd, 'arn:aws:sqs:eu-west-1:123456789012:failed.fifo', !GetAtt Failed.Arn]",
        ),
    }
    good = {"both FIFO": _queues(_FIFO, _FIFO), "both standard": _queues(_STANDARD, _STANDARD)}
    undecided = {"kind imported": _queues("FifoQueue: !ImportValue fifo", _STANDARD)}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare kind and place of each dead-letter queue with what sends to it."""
        for sender, arn, wanted, actual in kinds(graph):
            queue = graph.designated(arn, "AWS::SQS::Queue")
            name, path = (
                (queue.name, (sender.id, queue.id)) if queue else (show(str(arn.texts().only)), (sender.id,))
            )
            for needs, has, when in graph.known(wanted, actual):
                if needs != has:
                    message = (
                        f"{sender.name} needs a {_kind(needs)} dead-letter queue, but {name} is a {_kind(has)} one: the "
                        "deployment fails, or what failed is lost."
                    )
                    fix = f"Make the dead-letter queue a {_kind(needs)} one."
                    yield self.finding(arn.place, message, fix=fix, path=path, when=when)
            where = elsewhere(graph, sender, arn)
            if where:
                message = f"{sender.name} names dead-letter queue {name} in another {where}: it has to be in its own."
                fix = f"Make a dead-letter queue in the same {where.split()[0]}."
                yield self.finding(arn.place, message, fix=fix, path=path)


def _kind(is_fifo: object) -> str:
    return "FIFO" if is_fifo else "standard"
