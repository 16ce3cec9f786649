"""What constructs are given: of the right kind, in range, and in a place from where it can be used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from aws_cdk import Stack

from constructs_lib.compute.function import HardenedFunction
from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from constructs import Construct

_ARN_REGION, _ARN_PARTS = 3, 6


# For whom each function was found near: an API asks again with every route, and each look is a round trip to CDK.
_near: WeakKeyDictionary[HardenedFunction, WeakSet[Construct]] = WeakKeyDictionary()


def check_hardened(subject: str, function: object, why: str, fix: str) -> None:
    """Refuse a function without a budget and an alias.

    Raises:
        RefusedError: says what of a :class:`HardenedFunction` is needed here.
    """
    if not isinstance(function, HardenedFunction):
        raise RefusedError(
            subject, got=type(function).__name__, allowed=f"a HardenedFunction, {why}", fix=fix
        )


def check_near(subject: str, scope: Construct, function: HardenedFunction) -> None:
    """Refuse a function in another account or region, whose alias nothing here can name or invoke.

    Raises:
        RefusedError: names both places. A place that is known only at deploy time is not judged.
    """
    users = _near.setdefault(function, WeakSet())
    if scope in users:
        return
    here, there = Stack.of(scope), Stack.of(function)
    places = (
        ()
        if here is there
        else (
            ("account", here.account, there.account),
            ("region", here.region, there.region),
        )
    )
    for name, mine, its in places:
        if not is_token(mine) and not is_token(its) and mine != its:
            raise RefusedError(
                subject,
                got=f"{function.construct_id!r} in {name} {its}, from {name} {mine}",
                allowed=f"a function in the same {name}: nothing else is invoked directly",
                fix=f"make it in a stack of {name} {mine}; what is in {name} {its} is reached over an event bus or a queue",
            )
    users.add(scope)


def check_region(subject: str, arn: str, stack: Stack, what: str, why: str) -> None:
    """Refuse what is in another region, as far as its ARN and the stack say where they are.

    Raises:
        RefusedError: names both regions.
    """
    parts = arn.split(":") if not is_token(arn) else []
    its = parts[_ARN_REGION] if len(parts) >= _ARN_PARTS else ""
    if its and not is_token(stack.region) and its != stack.region:
        raise RefusedError(
            subject,
            got=f"{what} in region {its}, from region {stack.region}",
            allowed=f"one in the same region: {why}",
            fix=f"make this in a stack of region {its}",
        )


def check_kind(
    subject: str, value: object, kind: str | type | tuple[type, ...], allowed: str, fix: str
) -> None:
    """Refuse what is of another kind: not of these classes, or without the attribute that tells CDK's interfaces apart.

    Raises:
        RefusedError: says what it is.
    """
    if hasattr(value, kind) if isinstance(kind, str) else isinstance(value, kind):
        return
    got = repr(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
    raise RefusedError(subject, got=got, allowed=allowed, fix=fix)


def check_whole(
    subject: str,
    value: object,
    least: int,
    most: int | None = None,
    *,
    fix: str,
    unit: str = "",
    why: str = "",
    token: bool = False,
) -> None:
    """Refuse a number that is not whole or out of range; with ``token``, one that is known at deploy time passes.

    Raises:
        RefusedError: with the range.
    """
    if is_token(value):
        if token:
            return
        got = "a token, whose value is known only at deploy time"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if float(value).is_integer() and least <= value <= (math.inf if most is None else most):
            return
        got = f"{value:g} {unit}".rstrip()
    else:
        got = repr(value)
    span = f">= {least}" if most is None else f"from {least} to {most}"
    raise RefusedError(
        subject, got=got, allowed=f"whole numbers {span}{', or a token' if token else ''}{why}", fix=fix
    )
