"""Q306 batch-window-mismatch."""

from __future__ import annotations

from constructs_lib.limits import SQS_BATCH_DEFAULT, SQS_BATCH_WITHOUT_WINDOW
from constructs_lib.policy.edges.mappings import mappings
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.queues import fifo, fifo_by_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUE = """
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Jobs: {Type: AWS::SQS::Queue, Properties: {FifoQueue: FIFO}}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker, BATCH}
"""
_STANDARD, _FIFO = _QUEUE.replace("FIFO", "false"), _QUEUE.replace("FIFO", "true")
_ELSEWHERE = _STANDARD.replace("!GetAtt Jobs.Arn", "'arn:aws:sqs:eu-west-1:123456789012:jobs.fifo'")


class BatchWindowMismatch(Rule):
    """Lambda refuses the mapping, because its batch size and its batching window do not go together.

    ## Why is this bad?
    The deployment fails when it reaches the mapping and rolls everything back. A batch of more than 10 messages needs a
    batching window of at least a second to be gathered in; a FIFO queue takes neither a larger batch nor a window.

    ## What to do
    Set MaximumBatchingWindowInSeconds to 1 or more, or BatchSize to 10 or less; for FIFO remove the window and keep
    BatchSize at 10 or less.
    """

    id = "Q306"
    name = "batch-window-mismatch"
    severity = ERROR
    limits = (SQS_BATCH_WITHOUT_WINDOW, SQS_BATCH_DEFAULT)
    bad = {
        "large batch without a window": _STANDARD.replace("BATCH", "BatchSize: 100"),
        "large batch of a FIFO queue": _FIFO.replace("BATCH", "BatchSize: 11"),
        "window on a FIFO queue": _FIFO.replace("BATCH", "MaximumBatchingWindowInSeconds: 5"),
        "FIFO queue of another stack": _ELSEWHERE.replace("BATCH", "MaximumBatchingWindowInSeconds: 5"),
    }
    good = {
        "large batch with a window": _STANDARD.replace(
            "BATCH", "BatchSize: 100, MaximumBatchingWindowInSeconds: 1"
        ),
        "window with a small batch": _STANDARD.replace("BATCH", "MaximumBatchingWindowInSeconds: 300"),
        "FIFO without a window": _FIFO.replace("BATCH", "BatchSize: 10, MaximumBatchingWindowInSeconds: 0"),
    }
    undecided = {"batch size imported": _STANDARD.replace("BATCH", "BatchSize: !ImportValue batch")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look at batch size, window and kind of queue together."""
        most = float(SQS_BATCH_WITHOUT_WINDOW)
        for mapping in mappings(graph, "sqs"):
            size = mapping.resource.get("BatchSize").default(float(SQS_BATCH_DEFAULT)).numbers()
            window = mapping.resource.get("MaximumBatchingWindowInSeconds").default(0.0).numbers()
            kind = fifo(mapping.source) if mapping.source else fifo_by_name(mapping.arn)
            for batch, waits, is_fifo, when in graph.known(size, window, kind, given=mapping.when):
                place, path = size.place, mapping.path(graph)
                if batch > most and (is_fifo or waits < 1):
                    said = (
                        f"but is FIFO, which allows {most:g}" if is_fifo else f"with a window of {waits:g} s"
                    )
                    message = f"{mapping.label} is read in batches of {batch:g} {said}: Lambda refuses it and the deployment fails."
                    fix = f"Lower BatchSize to <= {most:g}."
                    if not is_fifo:
                        fix = f"Set MaximumBatchingWindowInSeconds to >= 1, or BatchSize to <= {most:g}."
                    yield self.finding(place, message, fix=fix, path=path, when=when)
                if is_fifo and waits > 0:
                    message = f"{mapping.label} is FIFO and is read with a batching window of {waits:g} s: Lambda refuses it and the deployment fails."
                    fix = "Remove MaximumBatchingWindowInSeconds."
                    yield self.finding(window.place, message, fix=fix, path=path, when=when)
