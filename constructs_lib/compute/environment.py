"""The environment of a function: what its user sets, and what the construct sets beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.limits import LAMBDA_ENVIRONMENT_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")  # botocore lambda, shape EnvironmentVariableName


class Environment:
    """Variables of one function, checked as they come: none twice, none of the construct's own, 4 KB in all.

    A value that is a token counts with its name alone, because its length is known only at deploy time, where Lambda
    makes the last check.

    Args:
        subject: the construct, as refusals name it.
        own: the variables that the construct itself sets.
    """

    def __init__(self, subject: str, own: Mapping[str, str]) -> None:
        self._subject = subject
        self._own = dict(own)
        self.variables = dict(own)

    def add(self, variables: Mapping[str, str]) -> None:
        """Add the user's variables, or none of them.

        Raises:
            RefusedError: a name that the construct sets itself or Lambda does not take, a value that is no string, or
                more than 4 KB of what is known.
        """
        if taken := sorted(set(variables) & set(self._own)):
            raise RefusedError(
                f"{self._subject}: environment",
                got=", ".join(taken),
                allowed="any name that the construct does not set itself",
                fix="leave it out: its value follows from the budget and the extension's settings",
            )
        for name, value in variables.items():
            self._refuse_unfit(name, value)
        together = self.variables | dict(variables)
        self._refuse_too_large(together)
        self.variables = together

    def _refuse_unfit(self, name: object, value: object) -> None:
        if not isinstance(value, str):
            got, allowed, fix = f"{name}={value!r}", "strings", f"str(...), or leave {name} out"
        elif not isinstance(name, str) or not _NAME.fullmatch(name):
            got, fix = repr(name), "rename it"
            allowed = "names of two or more letters (A-Z, a-z), digits and _, a letter first"
        else:
            return
        raise RefusedError(f"{self._subject}: environment", got=got, allowed=allowed, fix=fix)

    def _refuse_too_large(self, variables: Mapping[str, str]) -> None:
        sizes = {
            name: len(name.encode()) + (0 if is_token(value) else len(value.encode()))
            for name, value in variables.items()
        }
        if (total := sum(sizes.values())) <= LAMBDA_ENVIRONMENT_MAX:
            return
        largest = max(sizes, key=sizes.__getitem__)
        raise RefusedError(
            f"{self._subject}: environment",
            got=f"at least {total} B, of which {largest} takes {sizes[largest]}",
            allowed=f"{LAMBDA_ENVIRONMENT_MAX:.0f} B of names and values together",
            fix="keep large values in Parameter Store and read them through the extension",
        )
