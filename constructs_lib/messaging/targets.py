"""What an event target is, whatever sends to it: a hardened function with a failure path, near its sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.compute.arguments import check_hardened, check_near, check_whole
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

    from constructs_lib.compute.function import HardenedFunction

RETRIES_MAX = int(EVENT_TARGET_RETRIES_DEFAULT)
"""The default of EventBridge and its Scheduler is their maximum too."""

AGE_MAX = int(EVENT_TARGET_AGE_DEFAULT * 3_600)
"""Seconds for which EventBridge and its Scheduler keep an event at most."""


def check_target(subject: str, scope: Construct, function: HardenedFunction) -> None:
    """Refuse what is no hardened function, one that would lose failed events, and one that is somewhere else.

    Raises:
        RefusedError: names the argument and what to change.
    """
    check_hardened(
        f"{subject}: function",
        function,
        "whose alias is invoked and whose failure path takes what it fails on",
        "HardenedFunction(self, ..., async_failure=AsyncFailure())",
    )
    if function.async_failure is None:
        raise RefusedError(
            f"{subject}: function",
            got=f"{function.construct_id!r} without async_failure: it is invoked asynchronously, and an event that it "
            "fails on would be lost",
            allowed="a function with a dead-letter queue or an on-failure destination",
            fix="HardenedFunction(..., async_failure=AsyncFailure())",
        )
    check_near(f"{subject}: function", scope, function)


def check_retries(subject: str, retry_attempts: object) -> None:
    """Refuse what EventBridge and its Scheduler take for no number of retries.

    Raises:
        RefusedError: with the range.
    """
    fix = f"{RETRIES_MAX} outlasts an outage; whatever is left then ends in the dead-letter queue"
    check_whole(f"{subject}: retry_attempts", retry_attempts, 0, RETRIES_MAX, fix=fix)


def age_in_seconds(subject: str, max_event_age: Seconds) -> int:
    """Read how long an event is kept.

    Raises:
        RefusedError: it is not in the range of EventBridge and its Scheduler.
    """
    age = whole_seconds(f"{subject}: max_event_age", max_event_age, int(EVENT_TARGET_AGE_MIN), AGE_MAX)
    assert age is not None
    return age // SECOND
