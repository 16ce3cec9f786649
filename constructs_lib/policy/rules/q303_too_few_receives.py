"""Q303 too-few-receives."""

from __future__ import annotations

from constructs_lib.limits import SQS_RECEIVES_DEFAULT, SQS_RECEIVES_MIN
from constructs_lib.policy.edges.mappings import queue_of
from constructs_lib.policy.rule import ERROR, WARNING, Finding, Rule
from constructs_lib.policy.services.dead_letters import redrive_policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUE = """
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Failed: {Type: AWS::SQS::Queue}
Jobs: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: POLICY}}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""
_POLICY = "{deadLetterTargetArn: !GetAtt Failed.Arn, maxReceiveCount: %s}"
_AS_TEXT = """!Sub '{"deadLetterTargetArn": "${Failed.Arn}", "maxReceiveCount": 3}'"""


class TooFewReceives(Rule):
    """Messages that nothing is wrong with end in the dead-letter queue.

    ## Why is this bad?
    Every receive counts, also when the function was throttled and never saw the message, and when another message of the
    batch failed. With few receives allowed, a busy minute moves good messages to the dead-letter queue; with one, a single
    throttle does.

    ## What to do
    Set maxReceiveCount to 5 or more. To try a message only once, make the handler idempotent and let it decide.
    """

    id = "Q303"
    name = "too-few-receives"
    severity = WARNING
    limits = (SQS_RECEIVES_MIN, SQS_RECEIVES_DEFAULT)
    bad = {
        "three receives": _QUEUE.replace("POLICY", _POLICY % 3),
        "one receive": _QUEUE.replace("POLICY", _POLICY % 1),
        "policy as text": _QUEUE.replace("POLICY", _AS_TEXT),
    }
    good = {
        "five receives": _QUEUE.replace("POLICY", _POLICY % 5),
        "count left to AWS, which allows ten": _QUEUE.replace(
            "POLICY", "{deadLetterTargetArn: !GetAtt Failed.Arn}"
        ),
    }
    undecided = {"count imported": _QUEUE.replace("POLICY", _POLICY % "!ImportValue receives")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Hold maxReceiveCount of every queue that a function reads against AWS's advice."""
        for edge in graph.edges_of("sqs"):
            queue = queue_of(edge)
            if queue is None or (policy := redrive_policy(queue)).is_absent:
                continue
            receives = policy.get("maxReceiveCount").default(float(SQS_RECEIVES_DEFAULT)).numbers()
            for count, when in graph.known(receives, given=edge.when):
                if count >= SQS_RECEIVES_MIN:
                    continue
                times = "once" if count <= 1 else f"{count:g} times"
                message = (
                    f"{edge.label} gives a message up after it was received {times}, AWS advises >= "
                    f"{float(SQS_RECEIVES_MIN):g}: a receive counts even when {edge.callee} was throttled and never saw the "
                    "message, so good messages end in the dead-letter queue."
                )
                fix = f"Raise maxReceiveCount to >= {float(SQS_RECEIVES_MIN):g}."
                severity = ERROR if count <= 1 else WARNING
                yield self.finding(
                    receives.place, message, fix=fix, path=edge.path, when=when, severity=severity
                )
