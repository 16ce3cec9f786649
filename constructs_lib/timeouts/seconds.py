"""Reading durations as users give them: seconds, or an ``aws_cdk.Duration``; refusing what is neither."""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

from constructs_lib.errors import RefusedError
from constructs_lib.timeouts.derivation import SECOND


@runtime_checkable
class DurationLike(Protocol):
    """What ``aws_cdk.Duration`` offers; named here so that the arithmetic stays free of CDK."""

    def is_unresolved(self) -> bool: ...  # noqa: D102
    def to_milliseconds(self, *, integral: bool | None = None) -> float: ...  # noqa: D102


# CDK writes a token that stands for a number as one of about -1.9e289; no wait comes near it.
_NUMBER_TOKENS_BELOW = -1e280

Seconds = float | DurationLike
"""Seconds, or an ``aws_cdk.Duration``."""


def milliseconds(name: str, value: Seconds, *, least: int = 0, up: bool = True) -> int:
    """Convert to whole milliseconds, to the careful side: what is used up rounds up, what is granted rounds down."""
    number = _number(name, value)
    rounded = round(number * SECOND)
    if abs(rounded - number * SECOND) > 1e-6:  # noqa: PLR2004 - a thousandth of what a float keeps of a day
        rounded = (math.ceil if up else math.floor)(number * SECOND)
    if rounded < least:
        allowed = "seconds >= 0" if least == 0 else "seconds > 0"
        raise RefusedError(
            name, got=f"{number:g}", allowed=allowed, fix="give the wait in seconds, or a Duration"
        )
    return rounded


def whole_seconds(name: str, value: Seconds | None, least: int, most: int) -> int | None:
    """Convert to milliseconds what AWS takes in whole seconds."""
    if value is None:
        return None
    number = _number(name, value)
    if number != int(number) or not least <= number <= most:
        nearest = min(max(math.floor(number), least), most)
        raise RefusedError(
            name, got=f"{number:g} s", allowed=f"whole seconds from {least} to {most}", fix=f"{nearest}"
        )
    return int(number) * SECOND


def _number(name: str, value: object) -> float:
    """Read seconds out of a number or a Duration; refuse what is neither or not known yet."""
    allowed = "seconds as a finite number, or a Duration"
    if isinstance(value, bool) or not isinstance(value, int | float):
        if not isinstance(value, DurationLike):
            raise RefusedError(name, got=repr(value), allowed=allowed, fix="e.g. 29 or Duration.seconds(29)")
        if value.is_unresolved():
            raise _token(name, allowed)
        return value.to_milliseconds(integral=False) / SECOND
    if not math.isfinite(value):
        raise RefusedError(name, got=repr(value), allowed=allowed, fix="e.g. 29")
    if value < _NUMBER_TOKENS_BELOW:
        raise _token(name, allowed)
    return float(value)


def _token(name: str, allowed: str) -> RefusedError:
    return RefusedError(
        name,
        got="a token, whose value is known only at deploy time",
        allowed=f"{allowed}, known at synth time",
        fix="give the number itself; the proof needs it now",
    )
