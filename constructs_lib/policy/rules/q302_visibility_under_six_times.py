"""Q302 visibility-under-six-times."""

from __future__ import annotations

from constructs_lib.limits import SQS_VISIBILITY_DEFAULT, SQS_VISIBILITY_FACTOR
from constructs_lib.policy.edges.mappings import queue_of
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.timeouts.inequalities import visibility_at_least

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUE = """
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 30}}
Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: VISIBILITY}}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker, MaximumBatchingWindowInSeconds: 5}
"""


class VisibilityUnderSixTimes(Rule):
    """A throttled batch runs out of visibility before Lambda has retried it.

    ## Why is this bad?
    Lambda retries a batch that its function was too busy for, and counts on AWS's six-fold visibility to do it in. With
    less, messages reappear in the queue while they wait, are received again, and end in the dead-letter queue unprocessed
    exactly when the system is busy.

    ## What to do
    Raise VisibilityTimeout to six times the function's timeout plus the batching window. Where a shorter wait matters
    more than AWS's advice, lower the factor in the settings: `queue_factor`.
    """

    id = "Q302"
    name = "visibility-under-six-times"
    severity = WARNING
    limits = (SQS_VISIBILITY_FACTOR, SQS_VISIBILITY_DEFAULT)
    bad = {"six times, but without the window": _QUEUE.replace("VISIBILITY", "180")}
    good = {"six times and the window": _QUEUE.replace("VISIBILITY", "185")}
    undecided = {"visibility imported": _QUEUE.replace("VISIBILITY", "!ImportValue jobs-visibility")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Hold visibility against factor x timeout + window; below the timeout itself, Q301 speaks."""
        factor = graph.settings.queue_factor
        for edge in graph.edges_of("sqs"):
            queue = queue_of(edge)
            if queue is None or edge.details is None:
                continue
            visibility = queue.get("VisibilityTimeout").default(float(SQS_VISIBILITY_DEFAULT)).numbers()
            window = edge.details.get("MaximumBatchingWindowInSeconds").default(0.0).numbers()
            for hidden, runs, waits, when in graph.known(
                visibility, edge.function.timeout, window, given=edge.when
            ):
                least = visibility_at_least(runs, waits, factor)
                if hidden >= least or hidden < runs:
                    continue
                terms = f"{factor:g} x {runs:g} s timeout of {edge.callee} + {waits:g} s batching window = {least:g} s"
                lost = queue.get("RedrivePolicy").is_absent
                end = "over and over until they expire" if lost else "and end in the dead-letter queue"
                message = (
                    f"{edge.label} hides a message for {hidden:g} s, less than {terms}: when the function is throttled, "
                    f"messages are received again before they are processed, {end}."
                )
                fix = f"Raise VisibilityTimeout to >= {least:g}."
                yield self.finding(visibility.place, message, fix=fix, path=edge.path, when=when)
