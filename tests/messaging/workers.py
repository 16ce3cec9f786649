"""Workers to test with: everything has a default, so that a test names only what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis

from constructs_lib import HardenedFunction, TimeoutBudget
from constructs_lib.messaging.queue_worker import QueueWorker
from constructs_lib.messaging.stream_worker import StreamWorker
from tests.compute.functions import make

if TYPE_CHECKING:
    import aws_cdk as cdk

BUDGET = TimeoutBudget(gateway=None, init=2, work=5)


def reader(stack: cdk.Stack, construct_id: str = "Ship", **options: Any) -> HardenedFunction:
    """Make a function for which nobody waits."""
    return make(stack, construct_id, **{"budget": BUDGET, **options})


def queue_worker(stack: cdk.Stack, construct_id: str = "Shipments", **options: Any) -> QueueWorker:
    """Make a worker, on a function of its own unless one is given."""
    function = options.pop("function", None) or reader(stack)
    return QueueWorker(stack, construct_id, function=function, **options)


def table(stack: cdk.Stack) -> dynamodb.Table:
    """Make a table with a stream."""
    return dynamodb.Table(
        stack,
        "Orders",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
    )


def stream_worker(stack: cdk.Stack, construct_id: str = "Counting", **options: Any) -> StreamWorker:
    """Make a worker, on a function and a Kinesis stream of its own unless others are given."""
    function = options.pop("function", None) or reader(stack)
    if not {"table", "stream"} & options.keys():
        options["stream"] = kinesis.Stream(stack, f"{construct_id}Stream")
    return StreamWorker(stack, construct_id, function=function, **options)
