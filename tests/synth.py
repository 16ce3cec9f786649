"""Building and synthesizing a stack in a test, as cheaply as CDK allows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk

REGION = "eu-west-1"
ACCOUNT = "111111111111"


def new_stack(
    *, region: str | None = REGION, context: dict[str, Any] | None = None, name: str = "Test"
) -> cdk.Stack:
    """Make a stack in an app of its own; ``region=None`` makes it environment-agnostic."""
    app = cdk.App(context=context, analytics_reporting=False)
    environment = None if region is None else cdk.Environment(account=ACCOUNT, region=region)
    return cdk.Stack(app, name, env=environment)


def template_text(stack: cdk.Stack) -> str:
    """Synthesize the stack's whole app and give the stack's template as it was written to disk."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return Path(app.synth().directory, stack.template_file).read_text(encoding="utf-8")


def synthesize(stack: cdk.Stack) -> dict[str, Any]:
    """Synthesize the stack's whole app and give the stack's template."""
    template: dict[str, Any] = json.loads(template_text(stack))
    return template


def only(template: dict[str, Any], kind: str) -> dict[str, Any]:
    """Give the one resource of a type; more or fewer is an error of the test."""
    (found,) = of_type(template, kind).values()
    return found


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Give all resources of a type by logical id."""
    return {
        logical_id: resource
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == kind
    }
