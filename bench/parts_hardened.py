"""Our side of the synth benchmark: an HTTP API, queue workers and workflows. Their functions are made once, and shared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_lambda as lambda_

from constructs_lib import (
    Access,
    ChunkedWorkflow,
    HardenedFunction,
    HardenedHttpApi,
    QueueWorker,
    TimeoutBudget,
)

if TYPE_CHECKING:
    from aws_cdk import Stack

WORKER = TimeoutBudget(gateway=None, init=2, work=4)


def http_api(stack: Stack, routes: int) -> None:
    """Add one HTTP API, whose routes take turns with two functions."""
    functions = [_function(stack, name, TimeoutBudget(gateway=10, init=2)) for name in ("Even", "Odd")]
    api = HardenedHttpApi(stack, "Api", authorizer=Access.IAM)
    for number in range(routes):
        api.get(f"/orders{number}", functions[number % 2])


def queue_workers(stack: Stack, size: int) -> None:
    """Add queues with workers, all on one function."""
    function = _function(stack, "Function", WORKER)
    for number in range(size):
        QueueWorker(stack, f"Worker{number}", function=function, maximum_concurrency=20)


def workflows(stack: Stack, size: int) -> None:
    """Add workflows, all of the same two functions."""
    lister, worker = (_function(stack, name, WORKER) for name in ("Lister", "Worker"))
    for number in range(size):
        ChunkedWorkflow(stack, f"Workflow{number}", list_items=lister, worker=worker)


def _function(stack: Stack, name: str, budget: TimeoutBudget) -> HardenedFunction:
    code = lambda_.Code.from_inline("def handler(event, context): ...")
    return HardenedFunction(stack, name, code=code, handler="index.handler", budget=budget)
