"""What is of the wrong kind, in the wrong place or there twice: each construct names it, and makes nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from constructs_lib import (
    Access,
    AsyncApi,
    ChunkedWorkflow,
    EventRule,
    ExpressWorkflow,
    HardenedHttpApi,
    HardenedRestApi,
    JobFunction,
    QueueWorker,
    RefusedError,
    StreamWorker,
    TaskRetries,
    TimeoutBudget,
    TopicSubscription,
    WarmSchedule,
)
from constructs_lib.compute.arguments import check_whole
from tests.compute.functions import make
from tests.messaging.listeners import PLACED, function_schedule, listener
from tests.messaging.workers import BUDGET

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs_lib import HardenedFunction

HERE = cdk.Environment(account="111111111111", region="eu-west-1")
QUEUE = "arn:aws:sqs:us-east-1:111111111111:jobs"


def of(scope: Any, construct_id: str = "Ship", **options: Any) -> HardenedFunction:
    """Make a function that nobody waits for."""
    return make(scope, construct_id, budget=BUDGET, **options)


def stream(stack: cdk.Stack) -> kinesis.Stream:
    """Make a stream."""
    return kinesis.Stream(stack, "Clicks")


def number(stack: cdk.Stack) -> float:
    """Give a number that is known only at deploy time."""
    return cdk.CfnParameter(stack, "Number", type="Number").value_as_number


def with_key_alias(stack: cdk.Stack) -> sqs.Queue:
    """Make a queue on whose key nothing can be granted."""
    failed = sqs.DeadLetterQueue(
        queue=sqs.Queue(stack, "Dead", retention_period=cdk.Duration.days(14)), max_receive_count=5
    )
    key = kms.Alias.from_alias_name(stack, "Key", "alias/jobs")
    return sqs.Queue(stack, "Jobs", encryption_master_key=key, dead_letter_queue=failed)


MISFITS: dict[str, tuple[Callable[[cdk.Stack], object], str]] = {
    "a name for a queue": (
        lambda s: QueueWorker(s, "It", function=of(s), queue="jobs"),  # type: ignore[arg-type]
        "queue: got 'jobs'; allowed: a queue",
    ),
    "a queue of another region": (
        lambda s: QueueWorker(s, "It", function=of(s), queue=sqs.Queue.from_queue_arn(s, "Q", QUEUE)),
        "got a queue in region us-east-1, from region eu-west-1",
    ),
    "a queue whose key cannot be granted": (
        lambda s: QueueWorker(s, "It", function=of(s), queue=with_key_alias(s)),
        "a key on which nothing can be granted",
    ),
    "a name for a key": (
        lambda s: QueueWorker(s, "It", function=of(s), encryption_key="alias/jobs"),  # type: ignore[arg-type]
        "encryption_key: got 'alias/jobs'; allowed: a key",
    ),
    "a mapping for pollers": (
        lambda s: QueueWorker(s, "It", function=of(s), pollers={"minimum_pollers": 2}),  # type: ignore[arg-type]
        "pollers: got a dict",
    ),
    "a queue's function that is stopped": (
        lambda s: QueueWorker(
            s, "It", function=of(s, reserved_concurrent_executions=0), maximum_concurrency=2
        ),
        "'Ship', which reserves 0",
    ),
    "a name for a stream": (
        lambda s: StreamWorker(s, "It", function=of(s), stream="clicks"),  # type: ignore[arg-type]
        "stream: got 'clicks'; allowed: a Kinesis stream",
    ),
    "more of a shard at once than is reserved": (
        lambda s: StreamWorker(
            s,
            "It",
            function=of(s, reserved_concurrent_executions=1),
            stream=stream(s),
            parallelization_factor=2,
        ),
        "2 batches of one shard at once, over the 1 that 'Ship' reserves",
    ),
    "a number of records known too late": (
        lambda s: StreamWorker(s, "It", function=of(s), stream=stream(s), batch_size=number(s)),  # type: ignore[arg-type]
        "batch_size: got a token, whose value is known only at deploy time",
    ),
    "a filter without a pattern": (
        lambda s: StreamWorker(s, "It", function=of(s), stream=stream(s), filters=[{"data": {}}]),
        "filters: got .*FilterCriteria.filter",
    ),
    "eleven filters": (
        lambda s: StreamWorker(
            s,
            "It",
            function=of(s),
            stream=stream(s),
            filters=[lambda_.FilterCriteria.filter({"partitionKey": [str(n)]}) for n in range(11)],
        ),
        "filters: got 11; allowed: up to 10",
    ),
    "a queue where a destination is meant": (
        lambda s: StreamWorker(s, "It", function=of(s), stream=stream(s), on_failure=sqs.Queue(s, "Dead")),  # type: ignore[arg-type]
        r"on_failure: got a Queue; .* fix: aws_lambda_event_sources.SqsDlq\(queue\)",
    ),
    "a mapping for a pattern": (
        lambda s: EventRule(s, "It", function=listener(s), event_pattern={"source": ["shop"]}),  # type: ignore[arg-type]
        "event_pattern: got a dict",
    ),
    "a name for a bus": (
        lambda s: EventRule(s, "It", function=listener(s), event_pattern=PLACED, event_bus="shop"),  # type: ignore[arg-type]
        "event_bus: got 'shop'",
    ),
    "a text for a schedule": (
        lambda s: function_schedule(s, schedule="rate(1 hour)"),
        "schedule: got 'rate\\(1 hour\\)'; allowed: an aws_scheduler.ScheduleExpression",
    ),
    "a text for an input": (lambda s: function_schedule(s, input="now"), "input: got 'now'"),
    "a name for a topic": (
        lambda s: TopicSubscription(s, "It", function=listener(s), topic="shop"),  # type: ignore[arg-type]
        "topic: got 'shop'",
    ),
    "a text for a warm-up's schedule": (
        lambda s: WarmSchedule(s, "It", function=of(s), schedule="rate(5 minutes)"),  # type: ignore[arg-type]
        "schedule: got 'rate\\(5 minutes\\)'",
    ),
    "a number for retries": (
        lambda s: ExpressWorkflow(s, "It", steps=[of(s)], retries=3),  # type: ignore[arg-type]
        "retries: got 3; allowed: TaskRetries",
    ),
    "a step that is stopped": (
        lambda s: ExpressWorkflow(s, "It", steps=[of(s, reserved_concurrent_executions=0)]),
        "steps: got 'Ship', which reserves 0",
    ),
    "a rate without an end": (lambda _: TaskRetries(rate=math.inf), "rate: got inf"),
    "an HTTP API for asynchronous work": (
        lambda s: AsyncApi(s, "It", api=HardenedHttpApi(s, "Api"), path="/jobs", job=job(s)),  # type: ignore[arg-type]
        "api: got a HardenedHttpApi; allowed: a HardenedRestApi",
    ),
    "a job in JavaScript": (lambda s: job(s, runtime=lambda_.Runtime.NODEJS_22_X), "runtime: got nodejs22.x"),
    "a job without a module": (lambda s: job(s, handler="make"), "handler: got 'make'"),
    "a path known too late": (
        lambda s: HardenedHttpApi(s, "Api").add_route(cdk.Aws.REGION, "/jobs", of(s)),
        "Api': <known at deploy time> /jobs: method: got '<known at deploy time>'",
    ),
}


def job(stack: cdk.Stack, handler: str = "index.make", **options: Any) -> JobFunction:
    """Make a job."""
    code = lambda_.Code.from_inline("def make(request, context): return {}")
    return JobFunction(
        stack,
        "Job",
        code=code,
        handler=handler,
        budget=TimeoutBudget(gateway=None, init=2, work=5),
        **options,
    )


@pytest.mark.parametrize("what", MISFITS)
def test_a_misfit_is_named(stack: cdk.Stack, what: str) -> None:
    """Each says what was found and what belongs there, and leaves nothing of itself behind."""
    make_it, message = MISFITS[what]
    with pytest.raises(RefusedError, match=message):
        make_it(stack)
    assert stack.node.try_find_child("It") is None


def api_route(scope: Any, function: HardenedFunction) -> None:
    """Call a function of another place from a REST API."""
    HardenedRestApi(scope, "Api", authorizer=Access.PUBLIC).get("/", function)


def http_route(scope: Any, function: HardenedFunction) -> None:
    """Call a function of another place from an HTTP API."""
    HardenedHttpApi(scope, "Api", authorizer=Access.PUBLIC).get("/", function)


@pytest.mark.parametrize(
    "use",
    [
        api_route,
        http_route,
        lambda s, f: WarmSchedule(s, "It", function=f),
        lambda s, f: ExpressWorkflow(s, "It", steps=[f]),
        lambda s, f: ChunkedWorkflow(s, "It", list_items=f, worker=f),
    ],
    ids=["REST API", "HTTP API", "warmer", "express workflow", "chunked workflow"],
)
def test_a_function_of_another_region_is_named(stack: cdk.Stack, use: Callable[..., object]) -> None:
    """CDK would only say at synth that some token cannot be resolved."""
    there = cdk.Stack(
        cdk.App.of(stack) or stack, "There", env=cdk.Environment(account=HERE.account, region="us-east-1")
    )
    here = cdk.Stack(cdk.App.of(stack) or stack, "Here", env=HERE)
    with pytest.raises(RefusedError, match="in region us-east-1, from region eu-west-1"):
        use(here, make(there, "Ship"))


@pytest.mark.parametrize("kind", [QueueWorker, StreamWorker])
def test_a_reader_of_another_stack_is_named(stack: cdk.Stack, kind: type) -> None:
    """Role and mapping would need each other across the stacks, which CDK finds out at synth only."""
    other = cdk.Stack(cdk.App.of(stack) or stack, "Other")
    source = {"stream": stream(stack)} if kind is StreamWorker else {}
    with pytest.raises(
        RefusedError, match=r"'Ship' of another stack.* fix: make the worker in the function's stack"
    ):
        kind(stack, "It", function=of(other), **source)


def test_a_source_is_read_once_by_a_function(stack: cdk.Stack) -> None:
    """Lambda would refuse the second mapping in the middle of a deployment."""
    ship, clicks = of(stack), stream(stack)
    first = QueueWorker(stack, "First", function=ship)
    StreamWorker(stack, "Counting", function=ship, stream=clicks)
    with pytest.raises(RefusedError, match="one that 'Ship' reads already, in StreamWorker 'Counting'"):
        StreamWorker(stack, "Again", function=ship, stream=clicks)
    with pytest.raises(RefusedError, match="one that 'Ship' reads already, in QueueWorker 'First'"):
        QueueWorker(stack, "Second", function=ship, queue=first.queue)


def test_pollers_of_all_queues_share_the_reserve(stack: cdk.Stack) -> None:
    """Each brings ten batches at once."""
    ship = of(stack, reserved_concurrent_executions=30)
    pollers = lambda_.ProvisionedPollerConfig(minimum_pollers=2, maximum_pollers=2)
    QueueWorker(stack, "Urgent", function=ship, pollers=pollers)
    with pytest.raises(
        RefusedError, match="20 = maximum_pollers x 10 at once, beside 20 of its other queues, over the 30"
    ):
        QueueWorker(stack, "Normal", function=ship, pollers=pollers)


@pytest.mark.parametrize("value", [0, 11, 1.5, math.nan, math.inf, True, "5", None, -1.8881545897087505e289])
def test_what_is_no_whole_number_in_range_is_refused(value: object) -> None:
    """Whatever it is, and at once; a token is named as one."""
    with pytest.raises(RefusedError, match="allowed: whole numbers from 1 to 10") as refused:
        check_whole("it", value, 1, 10, fix="5")
    assert "e+289" not in str(refused.value)


@pytest.mark.parametrize("value", [1, 10, 5.0])
def test_whole_numbers_in_range_pass(value: object) -> None:
    """As int or as float, as CDK's own types are."""
    check_whole("it", value, 1, 10, fix="5")
