"""QueueWorker: what it makes, what it promises, what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib import AsyncFailure, RefusedError, TimeoutBudget
from constructs_lib.messaging.queue_worker import _receives, _retention
from tests.messaging.workers import BUDGET, queue_worker, reader
from tests.snapshots import resources
from tests.synth import new_stack, of_type, only, synthesize

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

QUEUE, MAPPING, ALARM = "AWS::SQS::Queue", "AWS::Lambda::EventSourceMapping", "AWS::CloudWatch::Alarm"
WINDOW = TimeoutBudget(gateway=None, init=2, work=5, batch_window=20)


def queues(template: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the properties of the queue and of its dead-letter queue."""
    found = {"DeadLetter" in name: queue["Properties"] for name, queue in of_type(template, QUEUE).items()}
    return found[False], found[True]


def mapping(stack: cdk.Stack) -> dict[str, Any]:
    """Synthesize and give the properties of the one mapping."""
    found: dict[str, Any] = only(synthesize(stack), MAPPING)["Properties"]
    return found


def test_everything_that_a_worker_brings(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Queue, dead-letter queue, TLS-only policies, mapping and two alarms."""
    queue_worker(stack, maximum_concurrency=20)
    kinds = (QUEUE, "AWS::SQS::QueuePolicy", MAPPING, ALARM)
    assert resources(synthesize(stack), *kinds) == snapshot


def test_a_fifo_worker(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Both queues are FIFO, the source removes duplicates by content, and the mapping has no window."""
    queue_worker(stack, fifo=True)
    assert resources(synthesize(stack), QUEUE, MAPPING) == snapshot


def test_visibility_is_the_budgets(stack: cdk.Stack) -> None:
    """Six times the function's timeout, and the batching window (H6)."""
    queue_worker(stack, function=reader(stack, budget=WINDOW))
    source, _ = queues(synthesize(stack))
    assert source["VisibilityTimeout"] == WINDOW.visibility == 6 * 8 + 20


def test_the_mapping_reads_for_the_alias_and_reports_single_failures(stack: cdk.Stack) -> None:
    """Nothing bypasses the alias, and one bad message does not bring back the whole batch."""
    worker = queue_worker(stack, batch_size=100, function=reader(stack, budget=WINDOW))
    found = mapping(stack)
    assert "ShipAlias" in json.dumps(found["FunctionName"])
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (found["BatchSize"], found["MaximumBatchingWindowInSeconds"]) == (100, 20)
    assert worker.mapping.event_source_mapping_arn


def test_the_dead_letter_queue_takes_from_this_queue_alone(stack: cdk.Stack) -> None:
    """It names its source by ARN, without a cycle: the source has a name of its own."""
    queue_worker(stack)
    template = synthesize(stack)
    source, failed = queues(template)
    allow = failed["RedriveAllowPolicy"]
    assert allow["redrivePermission"] == "byQueue"
    assert json.dumps(allow["sourceQueueArns"]).count(source["QueueName"]) == 1
    assert source["RedrivePolicy"]["maxReceiveCount"] == 5


def test_the_dead_letter_queue_remembers_longer(stack: cdk.Stack) -> None:
    """Four days in the queue, fourteen afterwards, whatever was waited before."""
    queue_worker(stack)
    source, failed = queues(synthesize(stack))
    assert (source["MessageRetentionPeriod"], failed["MessageRetentionPeriod"]) == (345_600, 1_209_600)


def test_the_age_alarm_rings_beyond_what_failures_explain(stack: cdk.Stack) -> None:
    """SQS leaves a failing message out of the metric after three receives, so what is older has waited."""
    queue_worker(stack)
    thresholds = {
        alarm["Properties"]["MetricName"]: alarm["Properties"]["Threshold"]
        for alarm in of_type(synthesize(stack), ALARM).values()
    }
    assert thresholds == {
        "ApproximateAgeOfOldestMessage": 3 * BUDGET.visibility,
        "ApproximateNumberOfMessagesVisible": 1,
    }


def test_on_fifo_a_failing_message_stays_the_oldest(stack: cdk.Stack) -> None:
    """It blocks its group for all its tries, which the alarm has to bear."""
    queue_worker(stack, fifo=True, max_receive_count=7)
    ages = [alarm["Properties"]["Threshold"] for alarm in of_type(synthesize(stack), ALARM).values()]
    assert 7 * BUDGET.visibility in ages


def test_a_customer_key_on_both_queues(stack: cdk.Stack) -> None:
    """The reader may decrypt, and a sender may encrypt: without, messages could not be sent or would stay unread."""
    worker = queue_worker(stack, encryption_key=kms.Key(stack, "Key"))
    sender = iam.Role(stack, "Shop", assumed_by=iam.AccountRootPrincipal())
    assert worker.grant_send(sender).success
    template = synthesize(stack)
    (key_id,) = of_type(template, "AWS::KMS::Key")
    assert [each["KmsMasterKeyId"]["Fn::GetAtt"][0] for each in queues(template)] == [key_id, key_id]
    on_key = {
        name[:4]: statement["Action"]
        for name, policy in of_type(template, "AWS::IAM::Policy").items()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if key_id in json.dumps(statement["Resource"])
    }
    assert on_key == {"Ship": "kms:Decrypt", "Shop": ["kms:GenerateDataKey", "kms:Decrypt"]}


def test_provisioned_pollers(stack: cdk.Stack) -> None:
    """Pollers that are kept ready go to the mapping as they were given."""
    queue_worker(stack, pollers=lambda_.ProvisionedPollerConfig(minimum_pollers=2, maximum_pollers=5))
    assert mapping(stack)["ProvisionedPollerConfig"] == {"MinimumPollers": 2, "MaximumPollers": 5}


def test_tokens_are_left_to_cloudformation(stack: cdk.Stack) -> None:
    """What is known only at deploy time is passed on, and a reserve that is not known is not compared."""
    size = cdk.CfnParameter(stack, "Size", type="Number").value_as_number
    most = cdk.CfnParameter(stack, "Most", type="Number").value_as_number
    function = reader(stack, reserved_concurrent_executions=most)
    queue_worker(stack, function=function, batch_size=size, maximum_concurrency=most)
    found = mapping(stack)
    assert (found["BatchSize"], found["ScalingConfig"]) == (
        {"Ref": "Size"},
        {"MaximumConcurrency": {"Ref": "Most"}},
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"batch_size": 11},
            r"batch_size: got 11 messages; .* 1 to 10, .*TimeoutBudget\(..., batch_window=1\)",
        ),
        ({"batch_size": 0}, r"batch_size: got 0 messages"),
        ({"fifo": True, "batch_size": 11}, r"batch_size: got 11 messages; .* fix: batch_size=10$"),
        ({"maximum_concurrency": 1}, r"maximum_concurrency: got 1; allowed: whole numbers from 2 to 1000"),
        ({"maximum_concurrency": 1001}, r"maximum_concurrency: got 1001"),
        ({"max_receive_count": 4}, r"max_receive_count: got 4; allowed: whole numbers from 5 to 1000"),
        ({"max_receive_count": True}, r"max_receive_count: got True"),
        ({"retention": cdk.Duration.days(14)}, r"retention: got 14 days, as long as the dead-letter queue's"),
        ({"retention": 240}, r"retention: got 240 s; allowed: > 240 s = 5 receives x 48 s visibility"),
        (
            {"pollers": lambda_.ProvisionedPollerConfig(minimum_pollers=2), "maximum_concurrency": 5},
            r"pollers: got provisioned pollers together with maximum_concurrency",
        ),
        ({"pollers": lambda_.ProvisionedPollerConfig(minimum_pollers=1)}, r"minimum_pollers: got 1;"),
        ({"pollers": lambda_.ProvisionedPollerConfig(maximum_pollers=2001)}, r"maximum_pollers: got 2001;"),
        (
            {"pollers": lambda_.ProvisionedPollerConfig(minimum_pollers=5, maximum_pollers=4)},
            r"minimum_pollers: got 5, above maximum_pollers 4",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else ", ".join(value),
)
def test_settings_that_contradict_each_other_are_refused(
    stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    """Each refusal says what is allowed, and nothing has been made."""
    function = reader(stack)
    with pytest.raises(RefusedError, match=message):
        queue_worker(stack, function=function, **options)
    assert stack.node.try_find_child("Shipments") is None


def test_a_window_on_fifo_is_refused(stack: cdk.Stack) -> None:
    """Lambda has none there, and CloudFormation would say so only at deploy time."""
    with pytest.raises(RefusedError, match=r"batch_window .*: got 20 s on a FIFO queue"):
        queue_worker(stack, fifo=True, function=reader(stack, budget=WINDOW))


@pytest.mark.parametrize("window", [0.5, 301])
def test_a_window_that_no_mapping_takes_is_refused(stack: cdk.Stack, window: float) -> None:
    """Whole seconds, up to 300."""
    budget = TimeoutBudget(gateway=None, init=2, work=5, batch_window=window)
    with pytest.raises(RefusedError, match=r"batch_window .*whole seconds from 0 to 300"):
        queue_worker(stack, function=reader(stack, budget=budget))


def test_a_useless_failure_path_is_refused(stack: cdk.Stack) -> None:
    """No message of a queue ever reaches a function's own dead-letter queue; people would look there in vain."""
    function = reader(stack, async_failure=AsyncFailure())
    with pytest.raises(
        RefusedError, match=r"got 'Ship' with async_failure, which no batch of a queue ever reaches"
    ):
        queue_worker(stack, function=function)


def test_a_plain_function_is_refused(stack: cdk.Stack) -> None:
    """Without a budget nothing can be derived, and without the alias warm capacity is missed."""
    plain = lambda_.Function(
        stack,
        "Plain",
        code=lambda_.Code.from_inline("-"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )
    with pytest.raises(RefusedError, match="got Function; allowed: a HardenedFunction"):
        queue_worker(stack, function=plain)


def test_more_at_once_than_reserved_is_refused(stack: cdk.Stack) -> None:
    """What is throttled counts as received: good messages would end in the dead-letter queue."""
    function = reader(stack, reserved_concurrent_executions=10)
    with pytest.raises(
        RefusedError, match=r"got 11 at once, over the 10 that 'Ship' reserves; .* fix: reserved.*=11"
    ):
        queue_worker(stack, function=function, maximum_concurrency=11)


def test_all_queues_of_a_function_share_its_reserve(stack: cdk.Stack) -> None:
    """Seven and four are more than ten, though neither is."""
    function = reader(stack, reserved_concurrent_executions=10)
    queue_worker(stack, "Urgent", function=function, maximum_concurrency=7)
    with pytest.raises(RefusedError, match="got 4 at once, beside 7 of its other queues, over the 10"):
        queue_worker(stack, "Normal", function=function, maximum_concurrency=4)
    queue_worker(stack, "Normal", function=function, maximum_concurrency=3)


def test_a_reserve_without_maximum_concurrency_is_refused(stack: cdk.Stack) -> None:
    """Lambda would read on and be throttled; a token as the reserve is a reserve too."""
    number = cdk.CfnParameter(stack, "Reserve", type="Number").value_as_number
    for name, reserved in (("Known", 10), ("Open", number)):
        function = reader(stack, name, reserved_concurrent_executions=reserved)
        with pytest.raises(
            RefusedError, match=r"maximum_concurrency: got none, .* each throttle counts as a receive"
        ):
            queue_worker(stack, function=function)


def test_more_pollers_than_reserved_are_refused(stack: cdk.Stack) -> None:
    """Each poller starts up to ten batches at once."""
    function = reader(stack, reserved_concurrent_executions=40)
    pollers = lambda_.ProvisionedPollerConfig(maximum_pollers=5)
    with pytest.raises(
        RefusedError, match=r"got 50 = maximum_pollers x 10 at once, over the 40 .* allowed: up to 40"
    ):
        queue_worker(stack, function=function, pollers=pollers)


def test_a_key_on_which_nothing_can_be_granted_is_refused(stack: cdk.Stack) -> None:
    """CDK drops the grant without a word, and the function could not read a single message."""
    key = kms.Alias.from_alias_name(stack, "Key", "alias/orders")
    with pytest.raises(RefusedError, match="encryption_key: got a key on which nothing can be granted"):
        queue_worker(stack, encryption_key=key)


def test_an_alias_of_a_key_of_the_app_is_taken(stack: cdk.Stack) -> None:
    """It knows its key, so that it can be granted."""
    alias = kms.Key(stack, "Key").add_alias("orders")
    queue_worker(stack, encryption_key=alias)
    assert "kms:Decrypt" in json.dumps(of_type(synthesize(stack), "AWS::IAM::Policy"))


@given(function=st.integers(3, 900), receives=st.integers(5, 30))
def test_the_retention_outlasts_all_tries(function: int, receives: int) -> None:
    """A message that always fails is still there when it has been tried as often as it may."""
    budget = TimeoutBudget(gateway=None, init=0, work=1, function=function)
    try:
        kept = _retention("Worker", None, _receives("Worker", receives), budget.visibility)
    except RefusedError:
        assert receives * budget.visibility >= 345_600
    else:
        assert receives * 6 * function < kept < 1_209_600


def given_queue(stack: cdk.Stack, **options: Any) -> sqs.Queue:
    """Make a queue as a user does, good unless told otherwise."""
    failed = sqs.Queue(stack, "Failed", retention_period=options.pop("failed_for", cdk.Duration.days(14)))
    defaults: dict[str, Any] = {
        "visibility_timeout": cdk.Duration.seconds(48),
        "dead_letter_queue": sqs.DeadLetterQueue(queue=failed, max_receive_count=options.pop("receives", 5)),
    }
    return sqs.Queue(stack, "Given", **(defaults | options))


def test_a_good_queue_of_ones_own(stack: cdk.Stack) -> None:
    """It is read as it is, and its dead-letter queue gets the alarm."""
    worker = queue_worker(stack, queue=given_queue(stack))
    template = synthesize(stack)
    assert len(of_type(template, QUEUE)) == 2
    assert len(of_type(template, ALARM)) == 2
    assert worker.dead_letter_queue is not None


def test_of_an_imported_queue_nothing_is_known(stack: cdk.Stack) -> None:
    """It is read, its age is watched, and whoever made it answers for the rest."""
    queue = sqs.Queue.from_queue_arn(stack, "Given", "arn:aws:sqs:eu-west-1:111111111111:orders")
    worker = queue_worker(stack, queue=queue)
    assert (worker.dead_letter_queue, worker.dead_letter_alarm) == (None, None)
    assert len(of_type(synthesize(stack), ALARM)) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"visibility_timeout": cdk.Duration.seconds(47)}, r"got 47 s; allowed: >= 48 s = 6 x 8 s timeout"),
        ({"visibility_timeout": None}, r"got 30 s \(the default\); allowed: >= 48 s"),
        ({"dead_letter_queue": None}, r"queue: got a queue without a dead-letter queue"),
        ({"receives": 1}, r"max_receive_count of the queue: got 1; allowed: >= 5"),
        ({"failed_for": cdk.Duration.days(4)}, r"got 345600 s, not longer than the queue's own 345600 s"),
        ({"failed_for": None}, r"got 345600 s, not longer than the queue's own 345600 s"),
        (
            {"retention_period": cdk.Duration.minutes(4)},
            r"retention of the queue: got 240 s; allowed: > 240 s",
        ),
    ],
    ids=["visibility", "default visibility", "no dlq", "receives", "retention", "default retention", "tries"],
)
def test_a_queue_that_loses_messages_is_refused(
    stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    """What a given queue says is held against the budget, its defaults included."""
    queue = given_queue(stack, **options)
    with pytest.raises(RefusedError, match=message):
        queue_worker(stack, queue=queue)


@pytest.mark.parametrize(
    "options",
    [{"fifo": True}, {"retention": 3600}, {"max_receive_count": 6}],
    ids=lambda each: next(iter(each)),
)
def test_settings_of_somebody_elses_queue_are_refused(stack: cdk.Stack, options: dict[str, Any]) -> None:
    """They would be ignored."""
    with pytest.raises(RefusedError, match="together with queue; allowed: one of the two"):
        queue_worker(stack, queue=given_queue(stack), **options)


def test_a_given_fifo_queue_is_read_as_one(stack: cdk.Stack) -> None:
    """Its kind is seen, and a batch over ten refused."""
    failed = sqs.Queue(stack, "Failed", fifo=True)
    queue = sqs.Queue(
        stack,
        "Given",
        fifo=True,
        visibility_timeout=cdk.Duration.seconds(48),
        dead_letter_queue=sqs.DeadLetterQueue(queue=failed, max_receive_count=5),
    )
    with pytest.raises(RefusedError, match="batch_size: got 11 messages"):
        queue_worker(stack, queue=queue, batch_size=11)


def test_two_workers_have_two_names() -> None:
    """The queue's name is made of stack and path, so that two deployments do not share one."""
    names = set()
    for name in ("Shop", "Shop-test"):
        stack = new_stack(name=name)
        function = reader(stack)
        queue_worker(stack, "Urgent", function=function)
        queue_worker(stack, "Normal", function=function)
        names |= {q["Properties"].get("QueueName") for q in of_type(synthesize(stack), QUEUE).values()} - {
            None
        }
    assert len(names) == 4


def test_the_age_alarm_follows_a_given_queues_visibility(stack: cdk.Stack) -> None:
    """A longer one makes failing messages older, and nobody is woken for it."""
    queue_worker(stack, queue=given_queue(stack, visibility_timeout=cdk.Duration.seconds(100)))
    assert 300 in [alarm["Properties"]["Threshold"] for alarm in of_type(synthesize(stack), ALARM).values()]


def test_a_dead_letter_queue_of_the_other_kind_is_refused(stack: cdk.Stack) -> None:
    """SQS would refuse it at deploy time."""
    failed = sqs.Queue(stack, "Standard")
    dead = sqs.DeadLetterQueue(queue=failed, max_receive_count=5)
    with pytest.raises(RefusedError, match="got a standard queue behind a FIFO one; allowed: two of a kind"):
        queue_worker(stack, queue=given_queue(stack, fifo=True, dead_letter_queue=dead))
