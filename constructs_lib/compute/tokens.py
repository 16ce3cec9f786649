"""Telling what is known now from what is known only at deploy time."""

from __future__ import annotations

import math

from aws_cdk import Token

_MARKER = (
    "${Token["  # CDK writes every string token with it, so a string without it needs no call to the kernel
)


def is_token(value: object) -> bool:
    """Say whether a value, or a part of it, is known only at deploy time; such a value is never compared or counted.

    Example:
        >>> import aws_cdk as cdk
        >>> is_token("plain"), is_token(1769), is_token(f"arn:{cdk.Aws.PARTITION}:s3")
        (False, False, True)
    """
    if value is None or (isinstance(value, str) and _MARKER not in value):
        return False
    # CDK writes number tokens as negative numbers. What is no number at all would stop the kernel.
    if isinstance(value, int | float) and not -math.inf < value < 0:
        return False
    return bool(Token.is_unresolved(value))


def known_whole_number(value: object) -> int | None:
    """Give a number that is known now, or None for a token; what is neither is a number for CDK to refuse."""
    return None if is_token(value) or not isinstance(value, int | float) else int(value)
