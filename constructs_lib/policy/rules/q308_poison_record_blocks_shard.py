"""Q308 poison-record-blocks-shard."""

from __future__ import annotations

from constructs_lib.limits import DYNAMODB_STREAM_EXPIRY, KINESIS_RETENTION_DEFAULT, STREAM_RETRIES_DEFAULT
from constructs_lib.policy.edges.mappings import mappings
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.event_sources import expiry_hours, failure_handling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_STREAM = """
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Failed: {Type: AWS::SQS::Queue}
Orders: {Type: AWS::DynamoDB::Table, Properties: {StreamSpecification: {StreamViewType: NEW_IMAGE}}}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Orders.StreamArn, FunctionName: !Ref Worker, PROPERTIES}
"""
_CURES = (
    "BisectBatchOnFunctionError",
    "MaximumRetryAttempts or MaximumRecordAgeInSeconds",
    "an on-failure destination",
)
_HARMS = (
    "retries a record that always fails{rest} until it expires after {hours:g} h; the shard stands still.",
    "drops a record that keeps failing{rest} without a trace.",
    "gives up a record that keeps failing{rest}.",
)
_DESTINATION = "DestinationConfig: {OnFailure: {Destination: !GetAtt Failed.Arn}}"
_REPORT = "ReportBatchItemFailures"
_ALL = f"BisectBatchOnFunctionError: true, MaximumRetryAttempts: 5, {_DESTINATION}"


class PoisonRecordBlocksShard(Rule):
    """One record that always fails stops everything behind it, or is dropped without a trace.

    ## Why is this bad?
    A shard is read in order. By default Lambda retries a failed batch until its records expire, and reads nothing after
    it. Where retries are limited, the batch is dropped in the end: whole, unless split, and without a trace by default.

    ## What to do
    Set all three: BisectBatchOnFunctionError (or ReportBatchItemFailures, or a batch of one), MaximumRetryAttempts or
    MaximumRecordAgeInSeconds, and an on-failure destination.
    """

    id = "Q308"
    name = "poison-record-blocks-shard"
    severity = WARNING
    limits = (STREAM_RETRIES_DEFAULT, DYNAMODB_STREAM_EXPIRY, KINESIS_RETENTION_DEFAULT)
    bad = {
        "everything at its default": _STREAM.replace("PROPERTIES", "StartingPosition: LATEST"),
        "split, but retried for ever": _STREAM.replace("PROPERTIES", _ALL.replace(": 5", ": -1")),
        "given up without a trace": _STREAM.replace(
            "PROPERTIES", _ALL.replace(_DESTINATION, "BatchSize: 10")
        ),
        "given up whole": _STREAM.replace("PROPERTIES", f"MaximumRetryAttempts: 5, {_DESTINATION}"),
    }
    good = {
        "split, limited and kept": _STREAM.replace("PROPERTIES", _ALL),
        "reported instead of split": _STREAM.replace(
            "PROPERTIES",
            _ALL.replace("BisectBatchOnFunctionError: true", f"FunctionResponseTypes: [{_REPORT}]"),
        ),
    }
    undecided = {"imported": _STREAM.replace("PROPERTIES", _ALL.replace(": 5", ": !ImportValue retries"))}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for what each stream mapping lacks to get past a record that always fails."""
        for mapping in mappings(graph, "kinesis", "dynamodb"):
            handling = failure_handling(mapping.resource)
            for splits, ends, keeps, when in graph.known(*handling, given=mapping.when):
                there = zip(_CURES, (splits, ends, keeps), strict=True)
                missing = [cure for cure, is_set in there if not is_set]
                if missing:
                    harm = _HARMS[0 if not ends else 1 if not keeps else 2]
                    rest = "" if splits else " together with the rest of its batch"
                    message = f"{mapping.label} {harm.format(rest=rest, hours=expiry_hours(mapping))}"
                    fix = f"Set {', '.join(missing)}."
                    place, path = mapping.resource.place, mapping.path(graph)
                    yield self.finding(place, message, fix=fix, path=path, when=when)
