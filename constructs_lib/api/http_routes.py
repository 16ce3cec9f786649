"""A route of an HTTP API as its user declares it, checked on its own: nothing here makes a CDK object."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from constructs_lib.api.authorizer import (
    Access,
    CognitoAuthorizer,
    HttpAuthorization,
    JwtAuthorizer,
    RequestAuthorizer,
)
from constructs_lib.api.declaration import (
    check_authorizer,
    check_function,
    check_option_names,
)
from constructs_lib.api.names import check_names
from constructs_lib.api.paths import check_path
from constructs_lib.api.throttle import check_throttle
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from constructs_lib.api.throttle import Limits, ThrottleSettings
    from constructs_lib.compute.function import HardenedFunction

DEFAULT = "$default"

_KINDS = (Access, RequestAuthorizer, JwtAuthorizer, CognitoAuthorizer)
_PARAMETER = re.compile(r"\{[^}+]+(\+?)\}")


class HttpRouteOptions(TypedDict, total=False):
    """What a route of an HTTP API may say besides method, path and function; each key may be left out.

    Keys:
        authorizer: who may call it; the API's own ``authorizer`` where left out. One of the two must be given, and a
            route for everyone says ``Access.PUBLIC``.
        scopes: OAuth scopes, any of which lets the holder of a token in; with a JWT or Cognito authorizer.
        throttle: rate (requests per second) and burst (requests) of this route; the API's where left out.

    Example:
        >>> from constructs_lib import Access
        >>> health: HttpRouteOptions = {"authorizer": Access.PUBLIC}
    """

    authorizer: HttpAuthorization
    scopes: Sequence[str]
    throttle: ThrottleSettings | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRouteDeclaration:
    """One method on one path, or the default route."""

    method: str
    path: str
    function: HardenedFunction
    authorizer: HttpAuthorization
    scopes: tuple[str, ...]
    throttle: Limits | None

    @property
    def key(self) -> str:
        """Name the route as API Gateway does."""
        return DEFAULT if self.method == DEFAULT else f"{self.method} {self.path}"

    @property
    def shape(self) -> str:
        """Name what the route matches: the names of path parameters make no difference to that."""
        return _PARAMETER.sub(r"{\1}", self.key)

    @property
    def arn(self) -> str:
        """Name the route behind its stage, as an invocation's source ARN does; CDK and SAM write ANY as ``*``."""
        if self.method == DEFAULT:
            return "*"
        return f"{'*' if self.method == 'ANY' else self.method}{self.path}"


def read_http_route(
    subject: str,
    method: str,
    path: str,
    function: HardenedFunction,
    *,
    options: HttpRouteOptions,
    default_authorizer: HttpAuthorization | None,
) -> HttpRouteDeclaration:
    """Read a route's options.

    Raises:
        RefusedError: names the route, what was found and what to change.
    """
    if method != DEFAULT:
        check_path(subject, path)
    check_function(subject, function)
    check_option_names(subject, options, HttpRouteOptions)
    authorizer: HttpAuthorization = check_authorizer(
        subject, options.get("authorizer", default_authorizer), _KINDS, "use one of them"
    )
    scopes = check_names(subject, "scopes", options.get("scopes", ()))
    if scopes and not isinstance(authorizer, JwtAuthorizer | CognitoAuthorizer):
        raise RefusedError(
            f"{subject}: scopes",
            got="scopes without a JWT or Cognito authorizer, which alone reads them from a token",
            allowed="scopes together with authorizer=JwtAuthorizer(...) or CognitoAuthorizer(...)",
            fix="leave scopes out, or authorize with tokens",
        )
    throttle = options.get("throttle")
    return HttpRouteDeclaration(
        method=method,
        path=path,
        function=function,
        authorizer=authorizer,
        scopes=scopes,
        throttle=None if throttle is None else check_throttle(subject, throttle, function),
    )
