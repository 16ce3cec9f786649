"""How often a workflow tries a Lambda task again: :class:`TaskRetries`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from constructs_lib.errors import RefusedError
from constructs_lib.limits import RETRY_DELAY_BELOW

TRANSIENT = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
)
"""Errors of Lambda itself, throttling included (step-functions/latest/dg/bp-lambda-serviceexception)."""

DIED = ("Lambda.Unknown", "Sandbox.Timedout", "Runtime.ExitError", "Runtime.OutOfMemory", "States.Timeout")
"""The environment ended before the handler did: killed, out of memory or of time, or its answer was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRetries:
    """How often a task is tried again, and how long the workflow waits before it.

    Pauses grow by ``rate`` from ``interval`` up to ``longest``; full jitter draws each between nothing and that, so that
    what was throttled at once does not come back at once. Errors that the handler raises are not retried: the same
    items would fail again.

    Args:
        transient: retries of Lambda's own errors and of throttling, >= 1.
        died: retries after the function's environment died in the middle: killed, out of memory, timed out.
        interval: seconds before the first retry, whole, >= 1.
        rate: what each pause is multiplied by, >= 1.
        longest: seconds that no pause exceeds, whole, > ``interval``.

    Raises:
        RefusedError: a number out of range.

    Example:
        >>> TaskRetries(transient=1, died=0).attempts
        2
    """

    transient: int = 6
    died: int = 2
    interval: int = 2
    rate: float = 2
    longest: int = 60

    def __post_init__(self) -> None:
        """Refuse what Step Functions would refuse, and what would leave a hiccup of Lambda unretried."""
        _refuse_unless("transient", self.transient, _whole(self.transient, 1), "whole numbers >= 1", "6")
        _refuse_unless("died", self.died, _whole(self.died, 0), "whole numbers >= 0", "2")
        _refuse_unless("interval", self.interval, _whole(self.interval, 1), "whole seconds >= 1", "2")
        _refuse_unless("rate", self.rate, _is_rate(self.rate), "finite numbers >= 1", "2")
        longer = _whole(self.longest, self.interval + 1)
        allowed = f"whole seconds above the interval of {self.interval}"
        _refuse_unless("longest", self.longest, longer, allowed, f"{self.interval * 2}")

    @property
    def attempts(self) -> int:
        """How often a task may be tried in all."""
        return 1 + self.transient + self.died

    def retriers(self) -> list[dict[str, Any]]:
        """Give the ``Retry`` of a task in the Amazon States Language."""
        kinds = ((TRANSIENT, self.transient), (DIED, self.died))
        return [retrier(errors, count, self) for errors, count in kinds if count]


def retrier(errors: tuple[str, ...], count: int, pauses: TaskRetries) -> dict[str, Any]:
    """Give one retrier with full jitter."""
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": pauses.interval,
        "MaxAttempts": count,
        "BackoffRate": pauses.rate,
        "MaxDelaySeconds": pauses.longest,
        "JitterStrategy": "FULL",
    }


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < RETRY_DELAY_BELOW


def _is_rate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < math.inf


def _refuse_unless(name: str, value: object, fits: bool, allowed: str, fix: str) -> None:
    if not fits:
        allowed = f"{allowed}, under {RETRY_DELAY_BELOW:.0f}"
        raise RefusedError(f"TaskRetries: {name}", got=repr(value), allowed=allowed, fix=fix)
