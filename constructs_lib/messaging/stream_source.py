"""What a stream mapping reads, and what it can be asked for: all that Lambda refuses at deploy time, or takes and never does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_

from constructs_lib.compute.arguments import check_kind, check_whole
from constructs_lib.compute.dead_letters import refuse_ungrantable_key
from constructs_lib.compute.tokens import known_whole_number
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    DYNAMODB_STREAM_EXPIRY,
    EVENT_FILTERS_MAX,
    KINESIS_RETENTION_DEFAULT,
    STREAM_BATCH_MAX,
    STREAM_PARALLELIZATION_MAX,
    STREAM_RETRIES_MAX,
)

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_kms as kms

    from constructs_lib.compute.function import HardenedFunction

_HOUR = 3600


def source_arn(subject: str, stream: kinesis.IStream | None, table: dynamodb.ITable | None) -> str:
    """Give the ARN of the stream: of the one that is given, or of the table's.

    Raises:
        RefusedError: neither, both, what is no stream or table, or a table without a stream.
    """
    if (stream is None) == (table is None):
        raise RefusedError(
            f"{subject}: source",
            got="neither a stream nor a table" if stream is None else "a stream and a table",
            allowed="one of the two",
            fix="stream=... for Kinesis, table=... for a DynamoDB table's stream",
        )
    if stream is not None:
        fix = "kinesis.Stream(...), or kinesis.Stream.from_stream_arn(...); for a table's stream, table=..."
        check_kind(f"{subject}: stream", stream, "stream_arn", "a Kinesis stream", fix)
        return stream.stream_arn
    fix = (
        "dynamodb.Table(..., stream=...), or dynamodb.Table.from_table_attributes(..., table_stream_arn=...)"
    )
    check_kind(f"{subject}: table", table, "table_stream_arn", "a DynamoDB table", fix)
    assert table is not None
    arn = table.table_stream_arn
    if arn is None:
        raise RefusedError(
            f"{subject}: table",
            got="a table without a stream",
            allowed="a table with one",
            fix="stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES on the table",
        )
    return arn


def retention_of(stream: kinesis.IStream | None) -> int:
    """Give the seconds for which the source keeps records; a Kinesis stream that does not say has the default."""
    if stream is None:
        return int(DYNAMODB_STREAM_EXPIRY)
    resource = stream.node.default_child
    hours = resource.retention_period_hours if isinstance(resource, kinesis.CfnStream) else None
    return (known_whole_number(hours) or int(KINESIS_RETENTION_DEFAULT)) * _HOUR


def check_numbers(subject: str, batch_size: int, retries: int, factor: int) -> None:
    """Refuse numbers that Lambda does not take, and retries without an end.

    Raises:
        RefusedError: with the range.
    """
    ranges = (
        ("batch_size", batch_size, 1, STREAM_BATCH_MAX, "100 is Lambda's default"),
        (
            "retries",
            retries,
            0,
            STREAM_RETRIES_MAX,
            "a record that is tried for ever stops its shard for ever",
        ),
        ("parallelization_factor", factor, 1, STREAM_PARALLELIZATION_MAX, "1 reads a shard in order"),
    )
    for name, value, least, most, fix in ranges:
        check_whole(f"{subject}: {name}", value, least, int(most), fix=fix)


def check_at_once(subject: str, function: HardenedFunction, factor: int) -> None:
    """Refuse more batches of a shard at once than the function has reserved.

    Raises:
        RefusedError: names both numbers.
    """
    reserved = known_whole_number(function.reserved_concurrent_executions)
    if reserved is not None and factor > reserved:
        raise RefusedError(
            f"{subject}: parallelization_factor",
            got=f"{factor} batches of one shard at once, over the {reserved} that {function.construct_id!r} reserves",
            allowed=f"up to {reserved}: what is throttled waits, until its records are given up"
            if reserved
            else "a function whose reserve is not 0, which stops it",
            fix=f"reserved_concurrent_executions={factor} or more for each shard, or none",
        )


def check_filters(subject: str, filters: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what is no filter, and more of them than a mapping can have.

    Raises:
        RefusedError: with what makes one.
    """
    fix = 'filters=[lambda_.FilterCriteria.filter({"data": {"kind": lambda_.FilterRule.is_equal("order")}})]'
    if isinstance(filters, str | Mapping) or any(list(each) != ["pattern"] for each in filters):
        raise RefusedError(
            f"{subject}: filters",
            got=repr(filters),
            allowed="a list of what lambda_.FilterCriteria.filter(...) gives",
            fix=fix,
        )
    if len(filters) > EVENT_FILTERS_MAX:
        raise RefusedError(
            f"{subject}: filters",
            got=f"{len(filters)}",
            allowed=f"up to {EVENT_FILTERS_MAX}; over 5 the account needs a raised quota",
            fix="put alternatives into one filter: each field takes a list of values",
        )


def check_start(
    subject: str,
    position: lambda_.StartingPosition,
    timestamp: float | None,
    stream: kinesis.IStream | None,
) -> None:
    """Refuse a time to start at where none is taken, and its absence where one is needed.

    Raises:
        RefusedError: names both arguments.
    """
    at_time = position == lambda_.StartingPosition.AT_TIMESTAMP
    if at_time != (timestamp is not None):
        raise RefusedError(
            f"{subject}: starting_position_timestamp",
            got="none" if timestamp is None else f"a time together with {position.value}",
            allowed="a time with AT_TIMESTAMP, and none without",
            fix="starting_position=lambda_.StartingPosition.AT_TIMESTAMP, starting_position_timestamp=...",
        )
    if at_time and stream is None:
        raise RefusedError(
            f"{subject}: starting_position",
            got="AT_TIMESTAMP on a DynamoDB stream",
            allowed="TRIM_HORIZON or LATEST: only Kinesis finds a time",
            fix="TRIM_HORIZON starts with the oldest record, LATEST with the next one",
        )


def check_destination(subject: str, on_failure: lambda_.IEventSourceDlq | None, key: kms.IKey | None) -> None:
    """Refuse what is no destination, a key for one that is somebody else's, and a key that nothing can be granted on.

    Raises:
        RefusedError: names the argument.
    """
    fix = "aws_lambda_event_sources.SqsDlq(queue), SnsDlq(topic) or S3OnFailureDestination(bucket)"
    if on_failure is not None:
        check_kind(
            f"{subject}: on_failure", on_failure, "bind", "a destination of an event source mapping", fix
        )
    if on_failure is not None and key is not None:
        raise RefusedError(
            f"{subject}: encryption_key",
            got="a key together with on_failure",
            allowed="a key for the construct's own queue only",
            fix="encrypt the destination where it is made, and leave encryption_key out",
        )
    refuse_ungrantable_key(subject, key)
