"""The reference app: ``cdk deploy`` deploys the stage that ``cdk.json`` names, ``cdk deploy -c stage=prod`` another."""

from __future__ import annotations

import os

import aws_cdk as cdk

from constructs_lib import ConstructsLibPolicy, RefusedError
from stacks.orders_stack import OrdersStack
from stacks.stage import Stage


def add_orders(app: cdk.App) -> OrdersStack:
    """Add the stack of the stage that the context names.

    Raises:
        RefusedError: the context has no such stage.
    """
    name, stages = app.node.try_get_context("stage"), app.node.try_get_context("stages") or {}
    if name not in stages:
        known = " or ".join(stages) or "those of cdk.json, which the CDK CLI reads"
        raise RefusedError("stage", got=repr(name), allowed=known, fix="cdk deploy -c stage=dev")
    # Where the CDK CLI's credentials lead: each region has its own layer of the extension.
    env = cdk.Environment(account=os.getenv("CDK_DEFAULT_ACCOUNT"), region=os.getenv("CDK_DEFAULT_REGION"))
    return OrdersStack(app, f"Orders-{name}", stage=Stage(name, **stages[name]), env=env)


if __name__ == "__main__":
    app = cdk.App()
    cdk.Validations.of(app).add_plugins(ConstructsLibPolicy())
    add_orders(app)
    app.synth()
