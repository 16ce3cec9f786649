"""Functions to test with: everything has a default, so that a test names only what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_lambda as lambda_

from constructs_lib import Call, HardenedFunction, TimeoutBudget

if TYPE_CHECKING:
    from constructs import Construct

BUDGET = TimeoutBudget(gateway=10, init=2, calls=[Call("orders-table", attempts=1)])


def make(scope: Construct, construct_id: str = "Orders", **arguments: Any) -> HardenedFunction:
    """Make a function of inline code, with these arguments instead of the defaults."""
    defaults: dict[str, Any] = {
        "code": lambda_.Code.from_inline("def handler(event, context): ..."),
        "handler": "index.handler",
        "budget": BUDGET,
    }
    return HardenedFunction(scope, construct_id, **(defaults | arguments))
