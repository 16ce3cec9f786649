""":class:`StreamWorker`: a function that reads a Kinesis or DynamoDB stream, and gets past records that always fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsDlq
from constructs import Construct

from constructs_lib.compute.arguments import check_region
from constructs_lib.compute.dead_letters import (
    alarm_on_age,
    alarm_on_messages,
    dead_letter_queue,
    seconds,
)
from constructs_lib.limits import STREAM_BATCH_DEFAULT
from constructs_lib.messaging.readers import check_reader, check_unread, note_read
from constructs_lib.messaging.stream_source import (
    check_at_once,
    check_destination,
    check_filters,
    check_numbers,
    check_start,
    retention_of,
    source_arn,
)
from constructs_lib.messaging.stream_waits import StreamWaits, stream_waits

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction
    from constructs_lib.timeouts.seconds import Seconds

_RETRIES = 5  # as many tries as a queue's message has at least, and one


class StreamWorker(Construct):
    """A function that works off the records of a stream, in order within a shard, and no record stops the others.

    By default one record that always fails stops its shard until it expires, and whatever waits behind it expires with it.
    Here a failing batch is split to find the record, tried ``retries`` times more, and given up: the failure destination
    is told, an alarm rings, and the shard goes on.

    * The handler reports the first record that failed, ``{"batchItemFailures": [{"itemIdentifier": sequence_number}]}``,
      and Lambda goes on from there; None or an empty list says that all went well, an exception that none did.
    * The failure destination gets *where* the failed records are (shard and sequence numbers), not the records: they must
      be fetched before the stream forgets them. So Lambda gives a record up at half the stream's retention, which leaves the
      other half for that. (An S3 destination gets the records themselves.)
    * An alarm on the age of what is read rings beyond what failures alone can hold a shard up: all tries of one batch, its
      splits and its windows. What is older has waited: give the stream more shards, or the worker more batches at once.
    * The mapping reads for the alias, and starts with the oldest record, so that none is missed while it is being made.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        function: what works the records off; its budget (``gateway=None``, as nobody waits) gives the batching window too.
            It must not have ``async_failure``, which no record of a stream ever reaches.
        stream: the Kinesis stream to read; either this or ``table``.
        table: the DynamoDB table whose stream to read. No more than two readers per shard.
        batch_size: records handed over at once, 1 to 10,000 (limits.STREAM_BATCH_MAX).
        retries: further tries of a failing batch, 0 to 10,000 (limits.STREAM_RETRIES_MAX).
        max_record_age: seconds, or a Duration, after which a record is given up: 60 s to 7 days, less than the stream's
            retention; half of it by default, which is 12 hours where the stream keeps a day or does not say.
        parallelization_factor: batches of one shard at once, 1 to 10; records of one key stay in order.
        tumbling_window: seconds, or a Duration, up to 900, over which the handler aggregates: it gets a ``state`` and
            must return one, or the invocation counts as failed. Longer than the function's timeout, or windows fall behind.
            A failing last invocation of a window stops the shard until it succeeds.
        starting_position: where reading starts: with the oldest record, or with the newest or (Kinesis only) at a time.
        starting_position_timestamp: the time to start at, in seconds since 1970.
        filters: only records that match any of these (``lambda_.FilterCriteria.filter(...)``) reach the function.
        on_failure: where failures are told instead of an own queue: ``SqsDlq``, ``SnsDlq`` or ``S3OnFailureDestination``
            of ``aws_lambda_event_sources``.
        encryption_key: a customer key for the own queue; the function's role may use it. None: a key that SQS manages.
        removal_policy: what becomes of the own queue when the stack goes.

    Attributes:
        mapping: the L2 event source mapping.
        dead_letter_queue: the own queue that is told of failures; None with ``on_failure``.
        dead_letter_alarm: rings for a message there; None with ``on_failure``.
        age_alarm: rings when records wait.

    Raises:
        RefusedError: numbers out of range, or that contradict each other or the stream; nothing has been made then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import HardenedFunction, StreamWorker, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> count = HardenedFunction(
        ...     stack,
        ...     "Count",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=None, init=2, work=10),
        ... )
        >>> clicks = cdk.aws_kinesis.Stream(stack, "Clicks")
        >>> worker = StreamWorker(stack, "Counting", function=count, stream=clicks, tumbling_window=60)
        >>> worker.dead_letter_queue is not None
        True
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: HardenedFunction,
        stream: kinesis.IStream | None = None,
        table: dynamodb.ITable | None = None,
        batch_size: int = int(STREAM_BATCH_DEFAULT),
        retries: int = _RETRIES,
        max_record_age: Seconds | None = None,
        parallelization_factor: int = 1,
        tumbling_window: Seconds | None = None,
        starting_position: lambda_.StartingPosition = lambda_.StartingPosition.TRIM_HORIZON,
        starting_position_timestamp: float | None = None,
        filters: Sequence[Mapping[str, Any]] = (),
        on_failure: lambda_.IEventSourceDlq | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        me = f"StreamWorker {construct_id!r}"
        check_reader(me, scope, function, "stream")
        arn = source_arn(me, stream, table)
        check_region(f"{me}: source", arn, Stack.of(scope), "a stream", "Lambda reads no other")
        check_unread(me, function, arn, "stream")
        check_numbers(me, batch_size, retries, parallelization_factor)
        check_start(me, starting_position, starting_position_timestamp, stream)
        waits = stream_waits(
            me,
            function.budget,
            retention=retention_of(stream),
            batch_size=batch_size,
            retries=retries,
            record_age=max_record_age,
            tumbling_window=tumbling_window,
        )
        check_at_once(me, function, parallelization_factor)
        check_filters(me, filters)
        check_destination(me, on_failure, encryption_key)

        super().__init__(scope, construct_id)
        self.dead_letter_queue: sqs.Queue | None = None
        self.dead_letter_alarm: cloudwatch.Alarm | None = None
        if on_failure is None:
            self.dead_letter_queue = dead_letter_queue(
                self, encryption_key=encryption_key, removal_policy=removal_policy
            )
            what = f"{construct_id}: records were given up; fetch them before the stream forgets them"
            self.dead_letter_alarm = alarm_on_messages(self, self.dead_letter_queue, what)
            on_failure = SqsDlq(self.dead_letter_queue)
        if stream is not None:
            stream.grant_read(function.alias)
        elif table is not None:
            table.grant_stream_read(function.alias)
        self.mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=function.alias,
            event_source_arn=arn,
            batch_size=batch_size,
            max_batching_window=seconds(waits.batch_window) if waits.batch_window else None,
            tumbling_window=None if waits.tumbling_window is None else seconds(waits.tumbling_window),
            parallelization_factor=parallelization_factor,
            starting_position=starting_position,
            starting_position_timestamp=starting_position_timestamp,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=retries,
            max_record_age=seconds(waits.record_age),
            on_failure=on_failure,
            filters=[dict(each) for each in filters] or None,
        )
        note_read(function, arn, me)
        self.age_alarm = self._alarm_on_age(construct_id, function, waits)

    def _alarm_on_age(self, name: str, function: HardenedFunction, waits: StreamWaits) -> cloudwatch.Alarm:
        metric = function.alias.metric("IteratorAge", period=seconds(60), statistic="Maximum")
        hold = waits.longest_hold
        what = f"{name}: records are older than {hold} s, which failures alone do not make them: they wait"
        return alarm_on_age(self, metric, hold * 1000, what)  # the metric counts milliseconds
