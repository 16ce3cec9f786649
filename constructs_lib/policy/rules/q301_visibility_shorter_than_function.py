"""Q301 visibility-shorter-than-function."""

from __future__ import annotations

from constructs_lib.limits import SQS_VISIBILITY_DEFAULT
from constructs_lib.policy.edges.mappings import queue_of
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.timeouts.inequalities import visibility_at_least

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUE = """
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 60}}
Live:
  Type: AWS::Lambda::Alias
  Properties: {Name: live, FunctionName: !Ref Worker, FunctionVersion: "1"}
Jobs: {Type: AWS::SQS::Queue, Properties: {VISIBILITY}}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Live}
"""
_EITHER = """
Parameters: {Ordered: {Type: String}}
Conditions: {IsOrdered: {"Fn::Equals": [!Ref Ordered, "yes"]}}
Resources:
  Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 60}}
  Fast: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 50}}
  Ordered: {Type: AWS::SQS::Queue, Condition: IsOrdered, Properties: {FifoQueue: true, VisibilityTimeout: 360}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !If [IsOrdered, !GetAtt Ordered.Arn, !GetAtt Fast.Arn], FunctionName: !Ref Worker}
"""


class VisibilityShorterThanFunction(Rule):
    """A message is handed out again while the function still works on it.

    ## Why is this bad?
    The same message is processed twice at the same time, and counts as received again, so that a slow message ends in
    the dead-letter queue although nothing failed. Lambda refuses to create such a mapping, but does not look again when
    the queue or the function changes later, and tools that check the relation do not see it through an alias.

    ## What to do
    Raise the queue's VisibilityTimeout to six times the function's timeout plus the batching window (Q302).
    """

    id = "Q301"
    name = "visibility-shorter-than-function"
    severity = ERROR
    limits = (SQS_VISIBILITY_DEFAULT,)
    bad = {
        "one of two queues": _EITHER,
        "visibility unset": _QUEUE.replace("VISIBILITY", "QueueName: jobs"),
        "visibility too short": _QUEUE.replace("VISIBILITY", "VisibilityTimeout: 59"),
    }
    good = {"visibility long enough": _QUEUE.replace("VISIBILITY", "VisibilityTimeout: 360")}
    undecided = {
        "visibility imported": _QUEUE.replace("VISIBILITY", "VisibilityTimeout: !ImportValue jobs-visibility")
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare each queue's visibility timeout with the timeout of the function that reads it."""
        for edge in graph.edges_of("sqs"):
            queue = queue_of(edge)
            if queue is None:
                continue
            visibility = queue.get("VisibilityTimeout").default(float(SQS_VISIBILITY_DEFAULT)).numbers()
            for hidden, runs, when in graph.known(visibility, edge.function.timeout, given=edge.when):
                if hidden >= runs:
                    continue
                least = visibility_at_least(runs, 0, graph.settings.queue_factor)
                message = (
                    f"{edge.label} hands a message out again after {hidden:g} s, but {edge.callee} may work on it for "
                    f"{runs:g} s: for up to {runs - hidden:g} s two invocations do the same work."
                )
                fix = f"Raise VisibilityTimeout to >= {least:g} or lower the function's Timeout to <= {hidden:g}."
                yield self.finding(visibility.place, message, fix=fix, path=edge.path, when=when)
