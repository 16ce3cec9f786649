"""What a route of any API declares: its method, its function, who may call it, and nothing misspelt."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from constructs_lib.compute.arguments import check_hardened
from constructs_lib.errors import RefusedError

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY")


def check_method(subject: str, method: str) -> None:
    """Refuse what is no method.

    Raises:
        RefusedError: another word, or small letters.
    """
    if method not in METHODS:
        raise RefusedError(
            f"{subject}: method",
            got=repr(method),
            allowed=", ".join(METHODS),
            fix="use one of them, in capitals",
        )


def check_function(subject: str, function: object) -> None:
    """Refuse a function without a budget and an alias.

    Raises:
        RefusedError: anything but a :class:`HardenedFunction`.
    """
    check_hardened(
        f"{subject}: function",
        function,
        "whose budget says how long to wait and whose alias is what is called",
        "HardenedFunction(self, ..., budget=TimeoutBudget(...))",
    )


def check_option_names(subject: str, options: Mapping[str, object], known: type) -> None:
    """Refuse a misspelt option: one that fell away in silence could leave a route open, or its throttle off.

    Raises:
        RefusedError: an option that is not among the annotations of ``known``.
    """
    for name in options:
        if name not in known.__annotations__:
            near = get_close_matches(name, known.__annotations__, n=1)
            raise RefusedError(
                f"{subject}: options",
                got=f"{name!r}, which no route has",
                allowed=", ".join(known.__annotations__),
                fix=f"{near[0]}=..." if near else "leave it out",
            )


def check_authorizer(subject: str, authorizer: object, allowed: tuple[type, ...], fix: str) -> Any:
    """Give the authorizer of a route, which says who may call it.

    Raises:
        RefusedError: none, or one that this kind of API does not have.
    """
    if authorizer is None:
        raise RefusedError(
            f"{subject}: authorizer",
            got="none, neither on the route nor on the API",
            allowed="an authorizer, Access.IAM or Access.PUBLIC",
            fix="authorizer=Access.PUBLIC if everyone may call it",
        )
    if not isinstance(authorizer, allowed):
        names = [each.__name__ for each in allowed]
        raise RefusedError(
            f"{subject}: authorizer",
            got=type(authorizer).__name__,
            allowed=f"{', '.join(names[:-1])} or {names[-1]} of constructs_lib",
            fix=fix,
        )
    return authorizer
