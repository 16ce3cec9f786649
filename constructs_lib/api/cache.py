"""The response cache: what may be cached, for how long, and under which key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass

from constructs_lib.api.authorizer import Access, Authorization, RequestAuthorizer, TokenAuthorizer
from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.limits import CACHE_SIZES_GB, CACHE_TTL_MAX
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.seconds import Seconds, whole_seconds

API_KEY_HEADER = "method.request.header.x-api-key"
_BEARER = "method.request.header.Authorization"


@dataclass(frozen=True)
class CachePolicy:
    """How answers of one GET route are kept in the stage's cache.

    The key holds every path, query and header input that the route declares, and what identifies the caller where the
    route is authorized: one caller's answer never reaches another. Entries are encrypted. A client that sends
    ``Cache-Control: max-age=0`` needs ``execute-api:InvalidateCache`` to have any effect.

    Args:
        ttl: how long an answer is kept, in seconds or as a Duration: whole seconds from 1 to 3,600
            (limits.CACHE_TTL_MAX).
        ignored_headers: declared headers on which the answer does not depend, e.g. a correlation id; they stay out of
            the key.

    Example:
        >>> policy = CachePolicy(ttl=300, ignored_headers=["X-Correlation-Id"])
    """

    ttl: Seconds
    _: KW_ONLY
    ignored_headers: Sequence[str] = ()


def check_cache_size(subject: str, size: float) -> str:
    """Give the cluster size as API Gateway writes it, in GB.

    Raises:
        RefusedError: a size that API Gateway does not offer.
    """
    if isinstance(size, bool) or size not in CACHE_SIZES_GB:
        sizes = ", ".join(f"{each:g}" for each in CACHE_SIZES_GB)
        given: object = size
        known = given if isinstance(given, int | float) and not is_token(given) else 0
        nearest = min(CACHE_SIZES_GB, key=lambda offered: abs(offered - known))
        got = "a token, whose value is known only at deploy time" if is_token(size) else f"{size!r}"
        raise RefusedError(f"{subject}: cache_size", got=got, allowed=f"{sizes} (GB)", fix=f"{nearest:g}")
    return f"{size:g}"


def ttl_seconds(subject: str, policy: CachePolicy) -> int:
    """Give the time to live in whole seconds.

    Raises:
        RefusedError: a time that is a token, not whole, 0 or less, or over the limit.
    """
    found = whole_seconds(f"{subject}: cache ttl", policy.ttl, 1, int(CACHE_TTL_MAX))
    assert found is not None
    return found // SECOND


def cache_key(
    subject: str,
    policy: CachePolicy,
    *,
    inputs: Mapping[str, bool],
    authorizer: Authorization,
    api_key_required: bool,
) -> tuple[str, ...]:
    """Give the complete key: all declared inputs, and the caller's identity.

    Raises:
        RefusedError: the caller's identity cannot be part of a key, or an ignored header is not declared or is it.
    """
    identity = _identity(subject, authorizer)
    if api_key_required:
        identity = (*identity, API_KEY_HEADER)
    ignored = {f"method.request.header.{name}" for name in policy.ignored_headers}
    if unknown := sorted(ignored - set(inputs)):
        raise RefusedError(
            f"{subject}: cache ignored_headers",
            got=unknown[0].rpartition(".")[2],
            allowed="headers that the route declares",
            fix="declare it with headers=[...], or leave it out: what is not declared is not in the key",
        )
    if personal := sorted(ignored & set(identity)):
        raise RefusedError(
            f"{subject}: cache ignored_headers",
            got=personal[0].rpartition(".")[2],
            allowed="headers that do not identify the caller",
            fix="keep it in the key, else one caller gets another's answer",
        )
    return tuple(dict.fromkeys([*(name for name in inputs if name not in ignored), *identity]))


def _identity(subject: str, authorizer: Authorization) -> tuple[str, ...]:
    if authorizer is Access.PUBLIC:
        return ()
    if authorizer is Access.IAM:
        raise RefusedError(
            f"{subject}: cache",
            got="a cache on a route with IAM authorization",
            allowed="public routes, token, request and Cognito authorizers",
            fix="drop the cache: the signature differs with every request, so with it in the key nothing is ever "
            "found, and without it one caller gets another's answer",
        )
    if isinstance(authorizer, RequestAuthorizer):
        if authorizer.identity_inputs:
            return authorizer.identity_inputs
        raise RefusedError(
            f"{subject}: cache",
            got="a cache on a route whose request authorizer names no identity source",
            allowed="an authorizer that says what identifies the caller",
            fix='RequestAuthorizer(function, headers=["Authorization"])',
        )
    return (
        f"method.request.header.{authorizer.header}" if isinstance(authorizer, TokenAuthorizer) else _BEARER,
    )
