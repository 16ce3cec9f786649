"""Throttling: the stage's default, and what a rate and a burst may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from constructs import Construct

from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    ACCOUNT_CONCURRENCY,
    GATEWAY_BURST_MAX,
    GATEWAY_BURST_MAX_SMALL_REGIONS,
    GATEWAY_RATE_MAX,
    GATEWAY_RATE_MAX_SMALL_REGIONS,
    GATEWAY_SMALL_REGIONS,
    REST_REGIONAL_WAIT,
    UNRESERVED_CONCURRENCY_MIN,
)

if TYPE_CHECKING:
    from aws_cdk.aws_apigateway import ThrottleSettings as RestThrottle
    from aws_cdk.aws_apigatewayv2 import ThrottleSettings as HttpThrottle

    ThrottleSettings = RestThrottle | HttpThrottle


Limits = tuple[float, int]
"""Rate (requests per second) and burst (requests)."""


def limits_within_concurrency(wait: float) -> Limits:
    """Give what an account's default concurrency carries if each request takes the whole wait.

    Beyond it Lambda throttles, which hits every function of the account; the gateway's 429 hits this API's callers
    alone.

    Example:
        >>> limits_within_concurrency(30)
        (30.0, 60)
    """
    rate = (ACCOUNT_CONCURRENCY - UNRESERVED_CONCURRENCY_MIN) // wait
    return float(rate), int(2 * rate)


DEFAULT_RATE, DEFAULT_BURST = limits_within_concurrency(REST_REGIONAL_WAIT)


def check_throttle(subject: str, throttle: ThrottleSettings, scope: Construct) -> Limits:
    """Return rate (requests per second) and burst (requests), checked against what the region gives an account.

    Raises:
        RefusedError: a rate or burst missing, not positive, a token, or over the account's limit.
    """
    subject = f"{subject}: throttle"
    if not hasattr(throttle, "rate_limit"):
        raise RefusedError(
            subject,
            got=repr(throttle),
            allowed="CDK's ThrottleSettings",
            fix=f"ThrottleSettings(rate_limit={DEFAULT_RATE:g}, burst_limit={DEFAULT_BURST})",
        )
    rate = _check(subject, "rate_limit", throttle.rate_limit, float(GATEWAY_RATE_MAX))
    burst = _check(subject, "burst_limit", throttle.burst_limit, float(GATEWAY_BURST_MAX))
    if rate > GATEWAY_RATE_MAX_SMALL_REGIONS or burst > GATEWAY_BURST_MAX_SMALL_REGIONS:
        region = Stack.of(scope).region
        if region in GATEWAY_SMALL_REGIONS:
            _check(subject, "rate_limit", rate, float(GATEWAY_RATE_MAX_SMALL_REGIONS), f" in {region}")
            _check(subject, "burst_limit", burst, float(GATEWAY_BURST_MAX_SMALL_REGIONS), f" in {region}")
    return rate, int(burst)


def _check(subject: str, name: str, value: float | None, most: float, where: str = "") -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= most
    if known and value is not None and (name == "rate_limit" or float(value).is_integer()):
        return float(value)
    unit = "requests/s" if name == "rate_limit" else "requests"
    if value is None:
        got = "nothing"
    elif is_token(value):
        got = "a token, whose value is known only at deploy time"
    else:
        got = f"{value:g} {unit}"
    raise RefusedError(
        f"{subject} {name}",
        got=got,
        allowed=f"more than 0, up to {most:g} {'' if name == 'rate_limit' else 'whole '}{unit}{where}",
        fix=f"ThrottleSettings(rate_limit={DEFAULT_RATE:g}, burst_limit={DEFAULT_BURST})",
    )
