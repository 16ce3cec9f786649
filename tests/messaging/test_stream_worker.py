"""StreamWorker: what it makes, what it promises, what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_lambda import FilterCriteria, FilterRule, StartingPosition
from aws_cdk.aws_lambda_event_sources import S3OnFailureDestination, SqsDlq
from aws_cdk.aws_sqs import Queue

from constructs_lib import AsyncFailure, RefusedError, TimeoutBudget
from tests.messaging.workers import BUDGET, reader, stream_worker, table
from tests.snapshots import resources
from tests.synth import of_type, only, synthesize

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

QUEUE, MAPPING, ALARM = "AWS::SQS::Queue", "AWS::Lambda::EventSourceMapping", "AWS::CloudWatch::Alarm"


def mapping(stack: cdk.Stack) -> dict[str, Any]:
    """Synthesize and give the properties of the one mapping."""
    found: dict[str, Any] = only(synthesize(stack), MAPPING)["Properties"]
    return found


def statements(stack: cdk.Stack) -> str:
    """Synthesize and give what the function's role may do, as text."""
    return json.dumps(
        only(synthesize(stack), "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    )


def test_everything_that_a_worker_brings(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Mapping, queue for what failed, TLS-only policy, and two alarms."""
    stream_worker(stack)
    assert resources(synthesize(stack), QUEUE, "AWS::SQS::QueuePolicy", MAPPING, ALARM) == snapshot


def test_a_poison_record_is_found_given_up_and_told_of(stack: cdk.Stack) -> None:
    """Split, finite tries and age, and a destination: all three, or a shard stands still."""
    stream_worker(stack)
    template = synthesize(stack)
    (failed,) = of_type(template, QUEUE)
    found = only(template, MAPPING)["Properties"]
    assert (found["BisectBatchOnFunctionError"], found["FunctionResponseTypes"]) == (
        True,
        ["ReportBatchItemFailures"],
    )
    assert (found["MaximumRetryAttempts"], found["MaximumRecordAgeInSeconds"]) == (5, 43_200)
    assert found["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [failed, "Arn"]}


def test_the_mapping_reads_for_the_alias_from_the_oldest_record(stack: cdk.Stack) -> None:
    """Nothing bypasses the alias, and no record is missed while the mapping is being made."""
    stream_worker(stack)
    found = mapping(stack)
    assert "ShipAlias" in json.dumps(found["FunctionName"])
    assert found["StartingPosition"] == "TRIM_HORIZON"


def test_the_role_may_read_the_stream_and_tell_of_failures(stack: cdk.Stack) -> None:
    """Without the right to send, Lambda drops what it gave up."""
    stream_worker(stack)
    found = statements(stack)
    assert "kinesis:GetRecords" in found
    assert "sqs:SendMessage" in found


def test_a_table_is_read_through_its_stream(stack: cdk.Stack) -> None:
    """The source is the stream's ARN, and the role may read it."""
    stream_worker(stack, table=table(stack))
    assert mapping(stack)["EventSourceArn"]["Fn::GetAtt"][1] == "StreamArn"
    assert "dynamodb:GetRecords" in statements(stack)


def test_a_customer_key_on_the_own_queue(stack: cdk.Stack) -> None:
    """The role encrypts what it sends there."""
    stream_worker(stack, encryption_key=kms.Key(stack, "Key"))
    assert "kms:GenerateDataKey" in statements(stack)


def test_the_age_alarm_rings_beyond_what_failures_explain(stack: cdk.Stack) -> None:
    """One try, five more, and seven splits of a hundred records, of eight seconds each, in milliseconds."""
    stream_worker(stack)
    thresholds = {
        alarm["Properties"]["MetricName"]: alarm["Properties"]["Threshold"]
        for alarm in of_type(synthesize(stack), ALARM).values()
    }
    assert thresholds["IteratorAge"] == 1000 * (1 + 5 + 7) * BUDGET.function == 104_000


def test_windows_count_towards_the_age(stack: cdk.Stack) -> None:
    """A record waits for its batch and its window before anything fails."""
    budget = TimeoutBudget(gateway=None, init=2, work=5, batch_window=20)
    stream_worker(stack, function=reader(stack, budget=budget), tumbling_window=60, batch_size=1)
    ages = [alarm["Properties"]["Threshold"] for alarm in of_type(synthesize(stack), ALARM).values()]
    assert 1000 * (6 * 8 + 20 + 60) in ages
    found = mapping(stack)
    assert (found["TumblingWindowInSeconds"], found["MaximumBatchingWindowInSeconds"]) == (60, 20)


def test_the_age_follows_the_streams_retention(stack: cdk.Stack) -> None:
    """Half of it stays for fetching what failed; Lambda takes no more than seven days."""
    short = kinesis.Stream(stack, "Short", retention_period=cdk.Duration.hours(48))
    long = kinesis.Stream(stack, "Long", retention_period=cdk.Duration.days(30))
    stream_worker(stack, "OfShort", function=reader(stack, "A"), stream=short)
    stream_worker(stack, "OfLong", function=reader(stack, "B"), stream=long)
    ages = {
        m["Properties"]["MaximumRecordAgeInSeconds"] for m in of_type(synthesize(stack), MAPPING).values()
    }
    assert ages == {86_400, 604_800}


def test_a_destination_instead_of_the_queue(stack: cdk.Stack) -> None:
    """A bucket gets the records themselves; no queue is made beside it."""
    worker = stream_worker(stack, on_failure=S3OnFailureDestination(s3.Bucket(stack, "Failed")))
    assert (worker.dead_letter_queue, worker.dead_letter_alarm) == (None, None)
    assert of_type(synthesize(stack), QUEUE) == {}
    assert "s3:PutObject" in statements(stack)


def test_filters_and_a_start_in_time(stack: cdk.Stack) -> None:
    """What the mapping offers is passed on as given."""
    new = FilterCriteria.filter({"data": {"kind": FilterRule.is_equal("order")}})
    stream_worker(
        stack,
        filters=[new],
        starting_position=StartingPosition.AT_TIMESTAMP,
        starting_position_timestamp=1_790_000_000,
        parallelization_factor=3,
    )
    found = mapping(stack)
    assert json.loads(found["FilterCriteria"]["Filters"][0]["Pattern"]) == {"data": {"kind": ["order"]}}
    assert (found["StartingPositionTimestamp"], found["ParallelizationFactor"]) == (1_790_000_000, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": -1}, "retries: got -1; .* tried for ever stops its shard for ever"),
        ({"retries": 10_001}, "retries: got 10001; allowed: whole numbers from 0 to 10000"),
        ({"batch_size": 0}, "batch_size: got 0; allowed: whole numbers from 1 to 10000"),
        ({"parallelization_factor": 11}, "parallelization_factor: got 11; allowed: .* 1 to 10"),
        ({"max_record_age": 59}, "max_record_age: got 59 s; allowed: whole seconds from 60 to 604800"),
        (
            {"max_record_age": 86_400},
            "max_record_age: got 86400 s; allowed: < 86400 s, for which the stream keeps",
        ),
        ({"max_record_age": 104}, "max_record_age: got 104 s; allowed: > 104 s = 13 tries"),
        ({"tumbling_window": 901}, "tumbling_window: got 901 s; allowed: whole seconds from 1 to 900"),
        (
            {"tumbling_window": 8},
            "tumbling_window: got 8 s; allowed: > 8 s, the function timeout: .* fix: .*=9",
        ),
        ({"starting_position_timestamp": 1.0}, "got a time together with TRIM_HORIZON"),
        ({"starting_position": StartingPosition.AT_TIMESTAMP}, "starting_position_timestamp: got none"),
    ],
    ids=lambda value: "" if isinstance(value, str) else ", ".join(map(str, value)),
)
def test_settings_that_contradict_each_other_are_refused(
    stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    """Each refusal says what is allowed, and nothing has been made."""
    with pytest.raises(RefusedError, match=message):
        stream_worker(stack, **options)
    assert stack.node.try_find_child("Counting") is None


def test_a_window_shorter_than_a_batchs_is_refused(stack: cdk.Stack) -> None:
    """A batch would be collected for longer than its window is open."""
    budget = TimeoutBudget(gateway=None, init=2, work=5, batch_window=60)
    with pytest.raises(RefusedError, match="got 30 s; allowed: > 60 s, the batching window"):
        stream_worker(stack, function=reader(stack, budget=budget), tumbling_window=30)


def test_one_source_and_only_one(stack: cdk.Stack) -> None:
    """Neither and both are refused."""
    both: dict[str, Any] = {"stream": kinesis.Stream(stack, "Stream"), "table": table(stack)}
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"stream": None}, "neither a stream nor a table"),
        (both, "a stream and a table"),
    )
    for options, got in cases:
        with pytest.raises(RefusedError, match=f"source: got {got}"):
            stream_worker(stack, function=reader(stack, got.replace(" ", "")), **options)


def test_a_table_without_a_stream_is_refused(stack: cdk.Stack) -> None:
    """CDK would pass on an ARN that is not there."""
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    plain = dynamodb.Table(stack, "Plain", partition_key=key)
    with pytest.raises(RefusedError, match=r"table: got a table without a stream; .* fix: stream="):
        stream_worker(stack, table=plain)


def test_a_table_has_no_time_to_start_at(stack: cdk.Stack) -> None:
    """Only Kinesis finds a time."""
    position: dict[str, Any] = {
        "starting_position": StartingPosition.AT_TIMESTAMP,
        "starting_position_timestamp": 1.0,
    }
    with pytest.raises(RefusedError, match="got AT_TIMESTAMP on a DynamoDB stream"):
        stream_worker(stack, table=table(stack), **position)


def test_a_key_for_somebody_elses_queue_is_refused(stack: cdk.Stack) -> None:
    """The construct encrypts only what it makes."""
    destination = SqsDlq(Queue(stack, "Failed"))
    with pytest.raises(RefusedError, match="got a key together with on_failure"):
        stream_worker(stack, on_failure=destination, encryption_key=kms.Key(stack, "Key"))


def test_a_useless_failure_path_is_refused(stack: cdk.Stack) -> None:
    """No record of a stream ever reaches a function's own dead-letter queue."""
    with pytest.raises(RefusedError, match="which no batch of a stream ever reaches"):
        stream_worker(stack, function=reader(stack, async_failure=AsyncFailure()))
