"""Throttling per stage and per method."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.aws_apigateway import ThrottleSettings

from constructs_lib import HardenedRestApi, RefusedError
from constructs_lib.api.throttle import DEFAULT_RATE
from constructs_lib.limits import ACCOUNT_CONCURRENCY, REST_REGIONAL_WAIT, UNRESERVED_CONCURRENCY_MIN
from tests.api.apis import api_and_function, message, settings
from tests.synth import new_stack, synthesize


def limits_of(**options: Any) -> dict[str, tuple[float, int]]:
    """Give rate and burst of each method setting of an API with one throttled route."""
    stack, api, orders = api_and_function(**options)
    api.get("/orders", orders)
    api.post("/orders", orders, throttle=ThrottleSettings(rate_limit=0.5, burst_limit=1))
    found = settings(synthesize(stack))
    return {name: (each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"]) for name, each in found.items()}


def test_stage_is_throttled_by_default() -> None:
    """The gateway throttles this API's callers before Lambda throttles the whole account."""
    assert limits_of() == {"* /*": (31, 62), "POST /~1orders": (0.5, 1)}
    assert DEFAULT_RATE * REST_REGIONAL_WAIT <= ACCOUNT_CONCURRENCY - UNRESERVED_CONCURRENCY_MIN


def test_stage_and_route_have_their_own_limits() -> None:
    """The route's entry states its own, the stage's stays for all others."""
    throttle = ThrottleSettings(rate_limit=10_000, burst_limit=5_000)
    assert limits_of(throttle=throttle) == {"* /*": (10_000, 5_000), "POST /~1orders": (0.5, 1)}


@pytest.mark.parametrize(
    ("throttle", "what", "got", "allowed"),
    [
        (ThrottleSettings(rate_limit=0, burst_limit=1), "rate_limit", "0 requests/s", "10000 requests/s"),
        (ThrottleSettings(rate_limit=-1, burst_limit=1), "rate_limit", "-1 requests/s", "10000 requests/s"),
        (
            ThrottleSettings(rate_limit=10_001, burst_limit=1),
            "rate_limit",
            "10001 requests/s",
            "10000 requests/s",
        ),
        (ThrottleSettings(rate_limit=1, burst_limit=0), "burst_limit", "0 requests", "5000 whole requests"),
        (
            ThrottleSettings(rate_limit=1, burst_limit=0.5),
            "burst_limit",
            "0.5 requests",
            "5000 whole requests",
        ),
        (
            ThrottleSettings(rate_limit=1, burst_limit=5_001),
            "burst_limit",
            "5001 requests",
            "5000 whole requests",
        ),
        (ThrottleSettings(burst_limit=1), "rate_limit", "nothing", "10000 requests/s"),
        (ThrottleSettings(rate_limit=1), "burst_limit", "nothing", "5000 whole requests"),
    ],
)
def test_limit_out_of_range_is_refused(throttle: ThrottleSettings, what: str, got: str, allowed: str) -> None:
    """0 closes the route; above the account's own limit a number means nothing."""
    fix = "ThrottleSettings(rate_limit=31, burst_limit=62)"
    _, api, orders = api_and_function()
    for place, refused in (
        ("", lambda: api_and_function(throttle=throttle)),
        ("GET /orders: ", lambda: api.get("/orders", orders, throttle=throttle)),
    ):
        with pytest.raises(RefusedError) as refusal:
            refused()
        assert str(refusal.value) == message(
            f"{place}throttle {what}", got=got, allowed=f"more than 0, up to {allowed}", fix=fix
        )


def test_small_regions_have_their_own_limits() -> None:
    """Newer regions give an account a quarter of what the others do."""
    throttle = ThrottleSettings(rate_limit=2_501, burst_limit=1)
    with pytest.raises(RefusedError) as refusal:
        HardenedRestApi(new_stack(region="eu-south-1"), "Api", throttle=throttle)
    assert str(refusal.value) == message(
        "throttle rate_limit",
        got="2501 requests/s",
        allowed="more than 0, up to 2500 requests/s in eu-south-1",
        fix="ThrottleSettings(rate_limit=31, burst_limit=62)",
    )
    with pytest.raises(RefusedError, match=r"up to 1250 whole requests in mx-central-1"):
        HardenedRestApi(
            new_stack(region="mx-central-1"),
            "Api",
            throttle=ThrottleSettings(rate_limit=1, burst_limit=1_251),
        )
    HardenedRestApi(new_stack(region=None), "Api", throttle=throttle)


def test_token_is_refused() -> None:
    """A token is not the number that it is encoded as."""
    throttle = ThrottleSettings(rate_limit=cdk.Token.as_number({"Ref": "Rate"}), burst_limit=1)
    with pytest.raises(
        RefusedError, match="rate_limit: got a token, whose value is known only at deploy time"
    ):
        api_and_function(throttle=throttle)
