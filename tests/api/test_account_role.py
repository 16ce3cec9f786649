"""The account-wide CloudWatch role: off by default, one per stack, kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib import Access, ApiGatewayAccountRole, HardenedRestApi
from tests.api.apis import api_and_function, function
from tests.snapshots import resources
from tests.synth import new_stack, of_type, only, synthesize

if TYPE_CHECKING:
    import aws_cdk as cdk
    from syrupy.assertion import SnapshotAssertion


def test_account_role(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Role and setting are retained: every other API of the account logs through them."""
    ApiGatewayAccountRole(stack, "ApiGatewayAccountRole")
    assert resources(synthesize(stack)) == snapshot


def test_api_leaves_the_account_alone_by_default() -> None:
    """An API stack does not touch what all APIs of the account share."""
    stack, api, orders = api_and_function()
    api.get("/orders", orders)
    assert not of_type(synthesize(stack), "AWS::ApiGateway::Account")


def test_apis_of_one_stack_share_one_role() -> None:
    """Each stage waits for it, else its first deployment fails for want of a role."""
    stack = new_stack()
    for name in ("A", "B"):
        api = HardenedRestApi(stack, name, authorizer=Access.PUBLIC, account_role=True)
        api.get("/orders", function(stack, f"F{name}"))
    template = synthesize(stack)
    assert only(template, "AWS::ApiGateway::Account")["DeletionPolicy"] == "Retain"
    (account,) = of_type(template, "AWS::ApiGateway::Account")
    assert all(
        account in stage["DependsOn"] for stage in of_type(template, "AWS::ApiGateway::Stage").values()
    )
