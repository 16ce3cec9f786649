"""From what a user calls "the code" to a Lambda code asset."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_lambda as lambda_

from constructs_lib.errors import RefusedError

_LEFT_OUT = ["**/__pycache__", "**/*.pyc"]


def code_of(subject: str, code: lambda_.Code | str | Path) -> lambda_.Code:
    """Make a directory an asset that depends on its sources alone: bytecode caches are left out.

    Any ``lambda_.Code`` passes through.

    Raises:
        RefusedError: the path is no directory.
    """
    if isinstance(code, lambda_.Code):
        return code
    if not Path(code).is_dir():
        raise RefusedError(
            f"{subject}: code",
            got=f"{str(code)!r}, which is no directory",
            allowed="the path of a directory, or any lambda_.Code",
            fix="give the directory that holds the handler's module",
        )
    return lambda_.Code.from_asset(str(code), exclude=_LEFT_OUT)
