"""CORS of an HTTP API: what browsers would not accept, and routes that would swallow their preflights."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk.aws_apigatewayv2 import CorsHttpMethod, CorsPreflightOptions

from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ORIGIN = re.compile(r"(https?://[^\s/]+|[a-z][a-z0-9+.-]*://\*)")


def check_http_cors(subject: str, cors: object) -> None:
    """Refuse what a browser would not accept.

    Raises:
        RefusedError: no origin, ``*`` beside others, what is no origin, or credentials with ``*`` anywhere.
    """
    if cors is None:
        return
    subject = f"{subject}: cors"
    if not isinstance(cors, CorsPreflightOptions):
        raise RefusedError(
            subject,
            got=repr(cors),
            allowed="aws_apigatewayv2.CorsPreflightOptions, which HTTP APIs have",
            fix='CorsPreflightOptions(allow_origins=["https://shop.example"])',
        )
    origins = cors.allow_origins or []
    if not origins or ("*" in origins and len(origins) > 1):
        raise RefusedError(
            subject,
            got=f"allow_origins {', '.join(origins) or 'without an origin'}",
            allowed="one or more origins, or * alone",
            fix='allow_origins=["https://shop.example"]',
        )
    if wrong := [
        each for each in origins if each != "*" and not is_token(each) and not _ORIGIN.fullmatch(each)
    ]:
        raise RefusedError(
            subject,
            got=f"allow_origins {wrong[0]!r}",
            allowed="scheme, host and port as a browser's Origin header names them, without a path or a slash behind",
            fix='allow_origins=["https://shop.example"]',
        )
    if cors.allow_credentials:
        _check_credentials(subject, cors)


def _check_credentials(subject: str, cors: CorsPreflightOptions) -> None:
    wildcards = {
        "allow_origins": "*" in (cors.allow_origins or ()),
        "allow_headers": "*" in (cors.allow_headers or ()),
        "allow_methods": CorsHttpMethod.ANY in (cors.allow_methods or ()),
        "expose_headers": "*" in (cors.expose_headers or ()),
    }
    for name, found in wildcards.items():
        if found:
            raise RefusedError(
                subject,
                got=f"allow_credentials with {name} *",
                allowed="named values: browsers take no * from an answer to a request with credentials",
                fix=f"name them in {name}, or drop allow_credentials",
            )


def check_preflight(subject: str, method: str, *, public: bool) -> None:
    """Refuse an authorized route that would catch preflights: they carry no token, and browsers take no 401.

    API Gateway answers OPTIONS by itself only where no route of the API matches it; ANY and ``$default`` do.

    Raises:
        RefusedError: such a route on an API with CORS.
    """
    if method in {"ANY", "$default"} and not public:
        raise RefusedError(
            f"{subject}: authorizer",
            got=f"one on {method}, which catches the browsers' preflights (OPTIONS) too: they carry no token and "
            "get a 401, so that no page can call the route",
            allowed="on an API with cors, an authorizer on routes of named methods; API Gateway answers their preflights",
            fix='for method in ("GET", "POST", ...): api.add_route(method, "/{proxy+}", function)',
        )


def missing_headers(cors: CorsPreflightOptions, sent: Sequence[str]) -> list[str]:
    """List the headers that callers have to send and that no page may, as the preflight's answer does not name them."""
    allowed = {header.lower() for header in cors.allow_headers or ()}
    return [] if "*" in allowed else [header for header in sent if header.lower() not in allowed]
