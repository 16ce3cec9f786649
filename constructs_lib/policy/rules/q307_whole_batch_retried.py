"""Q307 whole-batch-retried."""

from __future__ import annotations

from constructs_lib.limits import SQS_BATCH_DEFAULT, STREAM_BATCH_DEFAULT
from constructs_lib.policy.edges.mappings import mappings
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.event_sources import bisects, reports_failures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUE = """
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 30}}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker, PROPERTIES}
"""
_STREAM = _QUEUE.replace("AWS::SQS::Queue, Properties: {VisibilityTimeout: 30}", "AWS::Kinesis::Stream")
_SHARD = " and hold up their shard"


class WholeBatchRetried(Rule):
    """One message that fails puts the messages beside it, which succeeded, back too.

    ## Why is this bad?
    Unless the function says which ones failed, Lambda takes the whole batch for failed. What succeeded is done again with
    every retry, and ends in the dead-letter queue together with the one bad message.

    ## What to do
    Set FunctionResponseTypes to ReportBatchItemFailures and return the ids of the failed messages, or read one message at
    a time. For a stream, splitting the batch (BisectBatchOnFunctionError) does too.
    """

    id = "Q307"
    name = "whole-batch-retried"
    severity = WARNING
    limits = (SQS_BATCH_DEFAULT, STREAM_BATCH_DEFAULT)
    bad = {
        "queue, batch size unset": _QUEUE.replace("PROPERTIES", "Enabled: true"),
        "queue, responses empty": _QUEUE.replace("PROPERTIES", "BatchSize: 5, FunctionResponseTypes: []"),
        "stream": _STREAM.replace("PROPERTIES", "StartingPosition: LATEST"),
    }
    good = {
        "failures reported": _QUEUE.replace("PROPERTIES", "FunctionResponseTypes: [ReportBatchItemFailures]"),
        "one message at a time": _QUEUE.replace("PROPERTIES", "BatchSize: 1"),
        "stream that is split": _STREAM.replace("PROPERTIES", "BisectBatchOnFunctionError: true"),
    }
    undecided = {
        "batch size imported": _QUEUE.replace("PROPERTIES", "BatchSize: !ImportValue batch"),
        "responses imported": _QUEUE.replace("PROPERTIES", "FunctionResponseTypes: !ImportValue responses"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find mappings that read more than one message at a time and do not report single failures."""
        for mapping in mappings(graph, "sqs", "kinesis", "dynamodb"):
            is_queue = mapping.kind == "sqs"
            default = SQS_BATCH_DEFAULT if is_queue else STREAM_BATCH_DEFAULT
            size = mapping.resource.get("BatchSize").default(float(default)).numbers()
            reports = reports_failures(mapping.resource)
            values = (size, reports, bisects(mapping.resource))
            for batch, reported, splits, when in graph.known(*values, given=mapping.when):
                if batch <= 1 or reported or (splits and not is_queue):
                    continue
                kept = (
                    is_queue and mapping.source is not None and mapping.source.get("RedrivePolicy").is_absent
                )
                end = "" if kept else " and counted towards the dead-letter queue" if is_queue else _SHARD
                message = (
                    f"{mapping.label} is read {batch:g} messages at a time without reporting which ones failed: one that fails "
                    f"makes Lambda retry all {batch:g}; up to {batch - 1:g} that succeeded are processed again{end}."
                )
                fix = "Add ReportBatchItemFailures to FunctionResponseTypes and return the ids of the failed messages."
                yield self.finding(reports.place, message, fix=fix, path=mapping.path(graph), when=when)
