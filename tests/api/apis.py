"""Functions and APIs to test with, and templates read the way a person asks: by route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from constructs_lib import Access, HardenedFunction, HardenedRestApi, RefusedError, TimeoutBudget
from tests.synth import new_stack, of_type

if TYPE_CHECKING:
    from tests.snapshots import Template

BUDGET = TimeoutBudget(gateway=10, init=2)


def function(
    scope: cdk.Stack, construct_id: str = "Orders", budget: TimeoutBudget = BUDGET, **options: Any
) -> HardenedFunction:
    """Make a hardened function with inline code."""
    code = lambda_.Code.from_inline("def handler(event, context): ...")
    return HardenedFunction(
        scope,
        construct_id,
        code=code,
        handler="index.handler",
        budget=budget,
        runtime=lambda_.Runtime.PYTHON_3_13,
        **options,
    )


def api_and_function(**options: Any) -> tuple[cdk.Stack, HardenedRestApi, HardenedFunction]:
    """Make a stack with an API, public unless an authorizer is given, and a function for its routes."""
    stack = new_stack()
    return stack, HardenedRestApi(stack, "Api", **{"authorizer": Access.PUBLIC, **options}), function(stack)


def methods(template: Template) -> dict[str, dict[str, Any]]:
    """Give the properties of each method under its route, e.g. ``GET /orders/{id}``."""
    resources = of_type(template, "AWS::ApiGateway::Resource")

    def path(resource: Any) -> str:
        if "Ref" not in resource:
            return ""
        found = resources[resource["Ref"]]["Properties"]
        return f"{path(found['ParentId'])}/{found['PathPart']}"

    found = [method["Properties"] for method in of_type(template, "AWS::ApiGateway::Method").values()]
    return {f"{each['HttpMethod']} {path(each['ResourceId']) or '/'}": each for each in found}


def settings(template: Template) -> dict[str, dict[str, Any]]:
    """Give the stage's method settings under ``METHOD escaped-path``."""
    (stage,) = of_type(template, "AWS::ApiGateway::Stage").values()
    found = stage["Properties"]["MethodSettings"]
    return {f"{each['HttpMethod']} {each['ResourcePath']}": each for each in found}


def message(subject: str, *, got: str, allowed: str, fix: str) -> str:
    """Write what a refusal by the API named ``Api`` says."""
    return str(RefusedError(f"HardenedRestApi 'Api': {subject}", got=got, allowed=allowed, fix=fix))
