"""What an event target is, whatever sends to it: a hardened function with a failure path, near its sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack

from constructs_lib.compute.function import HardenedFunction
from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    EVENT_TARGET_AGE_DEFAULT,
    EVENT_TARGET_AGE_MIN,
    EVENT_TARGET_RETRIES_DEFAULT,
)
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.seconds import Seconds, whole_seconds

if TYPE_CHECKING:
    from constructs import Construct

RETRIES_MAX = int(EVENT_TARGET_RETRIES_DEFAULT)
"""The default of EventBridge and its Scheduler is their maximum too."""

AGE_MAX = int(EVENT_TARGET_AGE_DEFAULT * 3_600)
"""Seconds for which EventBridge and its Scheduler keep an event at most."""


def check_target(subject: str, scope: Construct, function: object) -> None:
    """Refuse what is no hardened function, one that would lose failed events, and one that is somewhere else.

    Raises:
        RefusedError: names the argument and what to change.
    """
    if not isinstance(function, HardenedFunction):
        raise RefusedError(
            f"{subject}: function",
            got=type(function).__name__,
            allowed="a HardenedFunction, whose alias is invoked and whose failure path takes what it fails on",
            fix="HardenedFunction(self, ..., async_failure=AsyncFailure())",
        )
    if function.async_failure is None:
        raise RefusedError(
            f"{subject}: function",
            got=f"{function.construct_id!r} without async_failure: it is invoked asynchronously, and an event that it "
            "fails on would be lost",
            allowed="a function with a dead-letter queue or an on-failure destination",
            fix="HardenedFunction(..., async_failure=AsyncFailure())",
        )
    here, there = Stack.of(scope), Stack.of(function)
    if here is there:
        return
    for name, mine, its in (
        ("account", here.account, there.account),
        ("region", here.region, there.region),
    ):
        if not is_token(mine) and not is_token(its) and mine != its:
            raise RefusedError(
                f"{subject}: function",
                got=f"{function.construct_id!r} in {name} {its}, from {name} {mine}",
                allowed=f"a function in the same {name}: nothing else is invoked directly",
                fix=f"make it in a stack of {name} {its}; events get there over an event bus or a queue",
            )


def check_retries(subject: str, retry_attempts: object) -> None:
    """Refuse what EventBridge and its Scheduler take for no number of retries.

    Raises:
        RefusedError: with the range.
    """
    whole = isinstance(retry_attempts, int) and not isinstance(retry_attempts, bool)
    if not whole or retry_attempts not in range(RETRIES_MAX + 1):
        raise RefusedError(
            f"{subject}: retry_attempts",
            got=repr(retry_attempts),
            allowed=f"whole numbers from 0 to {RETRIES_MAX}",
            fix=f"{RETRIES_MAX} outlasts an outage; whatever is left then ends in the dead-letter queue",
        )


def age_in_seconds(subject: str, max_event_age: Seconds) -> int:
    """Read how long an event is kept.

    Raises:
        RefusedError: it is not in the range of EventBridge and its Scheduler.
    """
    age = whole_seconds(f"{subject}: max_event_age", max_event_age, int(EVENT_TARGET_AGE_MIN), AGE_MAX)
    assert age is not None
    return age // SECOND
