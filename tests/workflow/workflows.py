"""Workflows to test with: everything has a default, so that a test names only what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_lambda as lambda_

from constructs_lib import HardenedFunction, TimeoutBudget
from constructs_lib.workflow import ChunkedWorkflow

if TYPE_CHECKING:
    from constructs import Construct

BUDGET = TimeoutBudget(gateway=None, init=2, work=20)


def function(
    scope: Construct, construct_id: str, budget: TimeoutBudget = BUDGET, **arguments: Any
) -> HardenedFunction:
    """Make a hardened function with inline code."""
    return HardenedFunction(
        scope,
        construct_id,
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        handler="index.handler",
        budget=budget,
        **arguments,
    )


def chunked(scope: Construct, construct_id: str = "Nightly", **arguments: Any) -> ChunkedWorkflow:
    """Make a chunked workflow; functions that are not given are made."""
    for name in ("list_items", "worker"):
        if name not in arguments:
            arguments[name] = function(scope, f"{construct_id}{name.title().replace('_', '')}")
    return ChunkedWorkflow(scope, construct_id, **arguments)
