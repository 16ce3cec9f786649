"""How many batches run at once, against what the function has reserved.

Invocations over the reserve are throttled, each throttle puts messages back and counts as a receive: under load good
messages would go to the dead-letter queue, unseen by the function (skuba#1408 tells of it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from constructs_lib.compute.arguments import check_kind, check_whole
from constructs_lib.compute.tokens import is_token, known_whole_number
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    SQS_CONCURRENCY_MAX,
    SQS_CONCURRENCY_MIN,
    SQS_POLLER_CONCURRENCY,
    SQS_POLLERS_MAX,
    SQS_POLLERS_MAX_DEFAULT,
    SQS_POLLERS_MIN,
    SQS_POLLERS_MIN_MOST,
)

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

    from constructs_lib.compute.function import HardenedFunction

# What each of the queues that a function reads may start at once: together they share its reserve.
_claims: WeakKeyDictionary[HardenedFunction, list[int]] = WeakKeyDictionary()


def check_concurrency(
    subject: str,
    function: HardenedFunction,
    maximum: float | None,
    pollers: lambda_.ProvisionedPollerConfig | None,
) -> None:
    """Refuse numbers out of range, both limits at once, and more at once than the function has reserved.

    Raises:
        RefusedError: names both sides.
    """
    if maximum is not None and pollers is not None:
        raise RefusedError(
            f"{subject}: pollers",
            got="provisioned pollers together with maximum_concurrency",
            allowed="one of the two: Lambda refuses both on one mapping",
            fix="drop maximum_concurrency; the maximum of the pollers limits the function too",
        )
    least, most = int(SQS_CONCURRENCY_MIN), int(SQS_CONCURRENCY_MAX)
    if maximum is not None:
        check_whole(f"{subject}: maximum_concurrency", maximum, least, most, fix=f"{least}", token=True)
    if pollers is not None:
        _check_pollers(subject, pollers)
    if function.reserved_concurrent_executions is not None:
        _check_reserve(subject, function, maximum, pollers)


def claim(
    function: HardenedFunction,
    maximum: float | None,
    pollers: lambda_.ProvisionedPollerConfig | None,
) -> None:
    """Remember what a worker may start at once, for the next one on the same function."""
    _claims.setdefault(function, []).append(_at_once(maximum, pollers))


def _at_once(maximum: float | None, pollers: lambda_.ProvisionedPollerConfig | None) -> int:
    """Give how many batches may run at once, as far as that is known."""
    if pollers is None:
        return known_whole_number(maximum) or 0
    if is_token(pollers.maximum_pollers):
        return 0
    return int(pollers.maximum_pollers or SQS_POLLERS_MAX_DEFAULT) * int(SQS_POLLER_CONCURRENCY)


def _check_pollers(subject: str, pollers: lambda_.ProvisionedPollerConfig) -> None:
    low, high = int(SQS_POLLERS_MIN), int(SQS_POLLERS_MIN_MOST)
    fix = "lambda_.ProvisionedPollerConfig(minimum_pollers=2, maximum_pollers=20)"
    check_kind(f"{subject}: pollers", pollers, "minimum_pollers", "a ProvisionedPollerConfig", fix)
    for name, value, most_of_it in (
        ("minimum_pollers", pollers.minimum_pollers, high),
        ("maximum_pollers", pollers.maximum_pollers, int(SQS_POLLERS_MAX)),
    ):
        if value is not None:
            check_whole(f"{subject}: {name}", value, low, most_of_it, fix=f"{low}", token=True)
    fewest, most = known_whole_number(pollers.minimum_pollers), known_whole_number(pollers.maximum_pollers)
    if fewest is not None and most is not None and fewest > most:
        raise RefusedError(
            f"{subject}: minimum_pollers",
            got=f"{fewest}, above maximum_pollers {most}",
            allowed=f"<= {most}",
            fix=f"minimum_pollers={most}",
        )


def _check_reserve(
    subject: str,
    function: HardenedFunction,
    maximum: float | None,
    pollers: lambda_.ProvisionedPollerConfig | None,
) -> None:
    reserved, name = function.reserved_concurrent_executions, function.construct_id
    if maximum is None and pollers is None:
        amount = "a number known at deploy time" if is_token(reserved) else f"{reserved:g}"
        raise RefusedError(
            f"{subject}: maximum_concurrency",
            got=f"none, on {name!r}, which reserves {amount}: Lambda reads on, is throttled, and each throttle counts as "
            "a receive, until good messages end in the dead-letter queue",
            allowed=f"from {SQS_CONCURRENCY_MIN} to what is reserved",
            fix="give maximum_concurrency, or drop reserved_concurrent_executions: maximum_concurrency limits too",
        )
    known = known_whole_number(reserved)
    if known is None:
        return
    if known < SQS_CONCURRENCY_MIN:
        raise RefusedError(
            f"{subject}: function",
            got=f"{name!r}, which reserves {known}",
            allowed=f"a reserve of at least {SQS_CONCURRENCY_MIN}, below which Lambda takes no maximum_concurrency",
            fix=f"reserved_concurrent_executions={int(SQS_CONCURRENCY_MIN)} or more, or none",
        )
    others, wanted = sum(_claims.get(function, [])), _at_once(maximum, pollers)
    if others + wanted > known:
        beside = f", beside {others} of its other queues" if others else ""
        each = f" = maximum_pollers x {int(SQS_POLLER_CONCURRENCY)}" if pollers else ""
        limit = "maximum_pollers" if pollers else "maximum_concurrency"
        raise RefusedError(
            f"{subject}: {limit}",
            got=f"{wanted}{each} at once{beside}, over the {known} that {name!r} reserves",
            allowed=f"up to {known} at once for all queues of the function together",
            fix=f"reserved_concurrent_executions={others + wanted}, or a lower {limit}",
        )
