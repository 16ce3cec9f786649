"""Usage plans and API keys, and plans that would meter nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk.aws_apigateway import Period, QuotaSettings, ThrottleSettings

from constructs_lib import RefusedError
from tests.api.apis import api_and_function, message, methods
from tests.snapshots import resources
from tests.synth import synthesize

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

THROTTLE = ThrottleSettings(rate_limit=5, burst_limit=10)
QUOTA = QuotaSettings(limit=10_000, period=Period.MONTH)


def test_usage_plan(snapshot: SnapshotAssertion) -> None:
    """A plan for the stage with one key, whose value is in no template."""
    stack, api, orders = api_and_function()
    plan = api.add_usage_plan("Partners", throttle=THROTTLE, quota=QUOTA, keys=["Acme"])
    api.get("/orders", orders, api_key_required=True)
    api.get("/health", orders)
    assert isinstance(plan, apigateway.UsagePlan)
    template = synthesize(stack)
    found = methods(template)
    assert found["GET /orders"]["ApiKeyRequired"] is True
    assert not found["GET /health"].get("ApiKeyRequired")
    kinds = ("AWS::ApiGateway::UsagePlan", "AWS::ApiGateway::UsagePlanKey", "AWS::ApiGateway::ApiKey")
    assert resources(template, *kinds) == snapshot


def test_plan_whose_routes_need_no_key_fails_the_synth() -> None:
    """Its throttle and quota would apply to nobody; a route may come after the plan, so synth decides."""
    stack, api, orders = api_and_function()
    api.add_usage_plan("Partners", throttle=THROTTLE)
    api.get("/orders", orders)
    with pytest.raises(RuntimeError) as failure:
        synthesize(stack)
    refusal = message(
        "usage plan 'Partners'",
        got="no route with api_key_required=True",
        allowed="plans for routes that need a key: without one API Gateway cannot tell callers apart, and the plan's "
        "throttle and quota apply to nobody",
        fix="set api_key_required=True on the routes it is meant for, or drop the plan",
    )
    assert refusal in str(failure.value)


@pytest.mark.parametrize(
    ("quota", "got"),
    [
        (QuotaSettings(limit=0, period=Period.DAY), "limit 0, period DAY"),
        (QuotaSettings(period=Period.DAY), "limit None, period DAY"),
        (QuotaSettings(limit=5), "limit 5, period None"),
    ],
)
def test_quota_that_says_nothing_is_refused(quota: QuotaSettings, got: str) -> None:
    """A quota is a number of requests in a period."""
    _, api, _ = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.add_usage_plan("Partners", throttle=THROTTLE, quota=quota)
    assert str(refusal.value) == message(
        "usage plan 'Partners': quota",
        got=got,
        allowed="a limit of at least 1 request, and a period",
        fix="QuotaSettings(limit=10_000, period=Period.DAY)",
    )


def test_throttle_out_of_range_is_refused() -> None:
    """A plan's throttle is checked like the stage's, and no plan is left behind."""
    _, api, _ = api_and_function()
    with pytest.raises(RefusedError, match=r"usage plan 'Partners': throttle rate_limit: got 0 requests/s"):
        api.add_usage_plan("Partners", throttle=ThrottleSettings(rate_limit=0, burst_limit=1))
    assert not api.rest_api.node.try_find_child("Partners")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("Gold", r"keys: got 'Gold'; allowed: a list of literal names, .* fix: keys=\[\"Gold\"\]"),
        (["Gold", "Gold"], "keys: got 'Gold', an id that the API has already"),
        (["AccessLogs"], "keys: got 'AccessLogs', an id that the API has already"),
    ],
    ids=["a lone string", "twice", "taken"],
)
def test_bad_keys_are_refused_before_the_plan_is_made(keys: Any, message: str) -> None:
    """A lone string would become a key for each letter."""
    _, api, _ = api_and_function()
    with pytest.raises(RefusedError, match=message):
        api.add_usage_plan("Partners", throttle=THROTTLE, keys=keys)
    assert not api.rest_api.node.try_find_child("Partners")
