"""Throttling: the stage's default, and what a rate and a burst may be."""

from __future__ import annotations

from aws_cdk.aws_apigateway import ThrottleSettings

from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    ACCOUNT_CONCURRENCY,
    GATEWAY_BURST_MAX,
    GATEWAY_RATE_MAX,
    REST_REGIONAL_WAIT,
    UNRESERVED_CONCURRENCY_MIN,
)

# What an account's default concurrency carries even if every request takes as long as the gateway waits: beyond it
# Lambda throttles, which hits every function of the account; the gateway's 429 hits this API's callers alone.
DEFAULT_RATE = float((ACCOUNT_CONCURRENCY - UNRESERVED_CONCURRENCY_MIN) // REST_REGIONAL_WAIT)
DEFAULT_BURST = int(2 * DEFAULT_RATE)


def check_throttle(subject: str, throttle: ThrottleSettings) -> tuple[float, int]:
    """Return rate (requests per second) and burst (requests), checked against the account's limits.

    Raises:
        RefusedError: a rate or burst missing, not positive, a token, or over what API Gateway gives an account.
    """
    rate = _check(
        f"{subject}: throttle rate_limit", throttle.rate_limit, float(GATEWAY_RATE_MAX), "requests/s"
    )
    burst = _check(
        f"{subject}: throttle burst_limit", throttle.burst_limit, float(GATEWAY_BURST_MAX), "requests"
    )
    return rate, int(burst)


def _check(subject: str, value: float | None, most: float, unit: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= most:
        return float(value)
    if value is None:
        got = "nothing"
    elif is_token(value):
        got = "a token, whose value is known only at deploy time"
    else:
        got = f"{value!r} {unit}"
    raise RefusedError(
        subject,
        got=got,
        allowed=f"more than 0, up to {most:g} {unit}",
        fix=f"ThrottleSettings(rate_limit={DEFAULT_RATE:g}, burst_limit={DEFAULT_BURST})",
    )
