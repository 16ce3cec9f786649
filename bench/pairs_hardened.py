"""Our side of the synth benchmark: a function and an API, hardened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_lambda as lambda_

from constructs_lib import Access, HardenedFunction, HardenedRestApi, TimeoutBudget

if TYPE_CHECKING:
    from aws_cdk import Stack


def add(stack: Stack, number: int) -> None:
    """Add one pair."""
    function = HardenedFunction(
        stack,
        f"Function{number}",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        handler="index.handler",
        budget=TimeoutBudget(gateway=10, init=2),
    )
    api = HardenedRestApi(stack, f"Api{number}", authorizer=Access.IAM)
    api.get("/orders", function)
