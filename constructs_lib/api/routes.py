"""A route as its user declares it, checked on its own: nothing here makes a CDK object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from aws_cdk.aws_apigateway import ThrottleSettings

from constructs_lib.api.authorizer import (
    Access,
    Authorization,
    CognitoAuthorizer,
    RequestAuthorizer,
    TokenAuthorizer,
)
from constructs_lib.api.cache import CachePolicy, cache_key, ttl_seconds
from constructs_lib.api.declaration import (
    check_authorizer,
    check_function,
    check_method,
    check_option_names,
)
from constructs_lib.api.names import check_names
from constructs_lib.api.paths import check_path
from constructs_lib.api.request_schema import check_schema
from constructs_lib.api.throttle import check_throttle
from constructs_lib.api.workflow_integration import is_workflow
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction
    from constructs_lib.workflow.express_workflow import ExpressWorkflow


class RouteOptions(TypedDict, total=False):
    """What a route may say besides method, path and function; each key may be left out.

    Keys:
        authorizer: who may call it; the API's own ``authorizer`` where left out. One of the two must be given, and a
            route for everyone says ``Access.PUBLIC``.
        scopes: OAuth scopes, any of which lets a Cognito user in.
        api_key_required: whether callers need an API key of a usage plan.
        query: query parameters that the function reads.
        required_query: those without which API Gateway answers 400.
        headers: headers that the function reads.
        required_headers: those without which API Gateway answers 400.
        body: JSON schema (draft 4) of the body; API Gateway answers 400 with the reason where it does not match.
        cache: how answers are kept; GET only. None, as when left out, keeps none.
        throttle: rate (requests per second) and burst (requests) of this route; the API's where left out.
        asynchronous: True hands the request over and answers 202 at once; the function gets an event like the proxy
            integration's, with the declared inputs only, and needs an asynchronous failure path.
        stream: True streams the response (``ResponseTransferMode.STREAM``): waits up to 900 s
            (limits.REST_STREAM_WAIT) on every endpoint type; never cached. The function's runtime must stream too:
            Node.js does, Python needs a custom runtime or the Lambda Web Adapter.

    Example:
        >>> from constructs_lib import Access, CachePolicy
        >>> listing: RouteOptions = {"authorizer": Access.PUBLIC, "query": ["limit"], "cache": CachePolicy(ttl=60)}
    """

    authorizer: Authorization
    scopes: Sequence[str]
    api_key_required: bool
    query: Sequence[str]
    required_query: Sequence[str]
    headers: Sequence[str]
    required_headers: Sequence[str]
    body: Mapping[str, Any]
    cache: CachePolicy | None
    throttle: ThrottleSettings | None
    asynchronous: bool
    stream: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method on one path, with everything derived from its options that needs no CDK."""

    method: str
    path: str
    target: HardenedFunction | ExpressWorkflow
    authorizer: Authorization
    scopes: tuple[str, ...]
    api_key_required: bool
    inputs: Mapping[str, bool]
    """Request parameters by API Gateway's name, and whether each is required."""
    schema: Mapping[str, Any] | None
    cache_ttl: int | None
    cache_key: tuple[str, ...]
    throttle: tuple[float, int] | None
    asynchronous: bool
    stream: bool

    @property
    def function(self) -> HardenedFunction:
        """The function that answers, where it is no workflow."""
        assert not is_workflow(self.target)
        return self.target

    def __str__(self) -> str:
        """Name the route as people do."""
        return f"{self.method} {self.path}"


def read_route(
    subject: str,
    method: str,
    path: str,
    function: HardenedFunction | ExpressWorkflow,
    *,
    options: RouteOptions,
    default_authorizer: Authorization | None,
) -> Route:
    """Read a route's options.

    Raises:
        RefusedError: names the route, what was found and what to change.
    """
    check_method(subject, method)
    if not is_workflow(function):
        check_function(subject, function)
    check_option_names(subject, options, RouteOptions)
    _check_transfer(subject, options)
    authorizer = _authorizer(subject, options, default_authorizer)
    inputs = _inputs(subject, check_path(subject, path), options)
    cache, body = options.get("cache"), options.get("body")
    key: tuple[str, ...] = ()
    if cache is not None:
        _check_cacheable(subject, method, options)
        key = cache_key(
            subject,
            cache,
            inputs=inputs,
            authorizer=authorizer,
            api_key_required=options.get("api_key_required", False),
        )
        inputs = {**dict.fromkeys(key, False), **inputs}
    throttle = options.get("throttle")
    return Route(
        method=method,
        path=path,
        target=function,
        authorizer=authorizer,
        scopes=check_names(subject, "scopes", options.get("scopes", ())),
        api_key_required=options.get("api_key_required", False),
        inputs=inputs,
        schema=None if body is None else check_schema(subject, body),
        cache_ttl=None if cache is None else ttl_seconds(subject, cache),
        cache_key=key,
        throttle=None if throttle is None else check_throttle(subject, throttle, function),
        asynchronous=options.get("asynchronous", False),
        stream=options.get("stream", False),
    )


def _check_transfer(subject: str, options: RouteOptions) -> None:
    if options.get("asynchronous") and options.get("stream"):
        raise RefusedError(
            f"{subject}: stream",
            got="stream=True together with asynchronous=True",
            allowed="one of the two: an asynchronous route answers 202 before the function has run",
            fix="drop stream or asynchronous",
        )


def _authorizer(subject: str, options: RouteOptions, default: Authorization | None) -> Authorization:
    kinds = (Access, TokenAuthorizer, RequestAuthorizer, CognitoAuthorizer)
    fix = "wrap it in one of them, which know what identifies the caller"
    authorizer: Authorization = check_authorizer(subject, options.get("authorizer", default), kinds, fix)
    if options.get("scopes") and not isinstance(authorizer, CognitoAuthorizer):
        raise RefusedError(
            f"{subject}: scopes",
            got="scopes without a Cognito authorizer, which API Gateway ignores",
            allowed="scopes together with authorizer=CognitoAuthorizer(...)",
            fix="leave scopes out, or authorize with Cognito",
        )
    return authorizer


def _inputs(subject: str, path_parameters: Sequence[str], options: RouteOptions) -> dict[str, bool]:
    inputs = {f"method.request.path.{name}": True for name in path_parameters}
    for place, kind, optional, required in (
        ("querystring", "query", options.get("query", ()), options.get("required_query", ())),
        ("header", "headers", options.get("headers", ()), options.get("required_headers", ())),
    ):
        needed = check_names(subject, f"required_{kind}", required)
        names = (*check_names(subject, kind, optional), *needed)
        if len(set(names)) < len(names):
            raise RefusedError(
                f"{subject}: {kind}",
                got=f"{next(name for name in names if names.count(name) > 1)!r} twice",
                allowed=f"each name once, in {kind} or in required_{kind}",
                fix=f"leave it in required_{kind} if the route cannot do without it",
            )
        inputs |= {f"method.request.{place}.{name}": name in needed for name in names}
    return inputs


def _check_cacheable(subject: str, method: str, options: RouteOptions) -> None:
    if not isinstance(options["cache"], CachePolicy):
        raise RefusedError(
            f"{subject}: cache",
            got=repr(options["cache"]),
            allowed="a CachePolicy, or None",
            fix="CachePolicy(ttl=60)",
        )
    if method != "GET":
        raise RefusedError(
            f"{subject}: cache",
            got=f"a cache on {method}",
            allowed="GET: what changes something must reach the function",
            fix="drop the cache, or move what is only read to a GET route",
        )
    for other in ("asynchronous", "stream"):
        if options.get(other):
            raise RefusedError(
                f"{subject}: cache",
                got=f"a cache together with {other}=True",
                allowed="one of the two: there is no whole answer to keep",
                fix=f"drop cache or {other}",
            )
