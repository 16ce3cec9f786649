"""The authorizers of an HTTP API."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain, count

from aws_cdk import Duration
from aws_cdk.aws_apigatewayv2 import HttpNoneAuthorizer, IHttpRouteAuthorizer
from aws_cdk.aws_apigatewayv2_authorizers import (
    HttpIamAuthorizer,
    HttpJwtAuthorizer,
    HttpLambdaAuthorizer,
    HttpLambdaResponseType,
    HttpUserPoolAuthorizer,
)
from constructs import Construct

from constructs_lib.api.authorizer import (
    Access,
    CognitoAuthorizer,
    HttpAuthorization,
    JwtAuthorizer,
    RequestAuthorizer,
    check_authorizer_function,
    handler_from_here,
)
from constructs_lib.api.fixed_wait import check_authorizer_wait
from constructs_lib.api.names import check_names
from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.limits import HTTP_API_AUTHORIZER_WAIT

_ISSUER = re.compile(r"https://[^\s/?#]+(/[^\s?#]*)?")
_BY_ROUTE = ("$context.httpMethod", "$context.path")
_SIGNED = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")

_seconds = cache(Duration.seconds)


def sent_headers(authorizer: HttpAuthorization) -> tuple[str, ...]:
    """Name the headers in which callers show who they are; a browser sends them only where CORS allows it."""
    match authorizer:
        case RequestAuthorizer():
            return tuple(authorizer.headers)
        case JwtAuthorizer():
            return (authorizer.header,)
        case CognitoAuthorizer():
            return ("Authorization",)
        case Access():
            return _SIGNED if authorizer is Access.IAM else ()


def check_http_authorizer(subject: str, authorizer: HttpAuthorization) -> None:
    """Refuse an authorizer that the API would not take, would not wait for, or whose cache would mix callers up.

    Raises:
        RefusedError: says which.
    """
    match authorizer:
        case RequestAuthorizer():
            check_authorizer_function(subject, authorizer)
            check_authorizer_wait(subject, authorizer.function.budget, HTTP_API_AUTHORIZER_WAIT)
        case JwtAuthorizer():
            _check_jwt(f"{subject}: authorizer", authorizer)
        case CognitoAuthorizer():
            _check_cognito(f"{subject}: authorizer", authorizer)
        case Access():
            pass


def _check_jwt(subject: str, authorizer: JwtAuthorizer) -> None:
    issuer: object = authorizer.issuer
    if not isinstance(issuer, str) or not (is_token(issuer) or _ISSUER.fullmatch(issuer)):
        raise RefusedError(
            f"{subject}: issuer",
            got=repr(issuer),
            allowed="the https URL in the token's iss claim, without query or fragment",
            fix='"https://login.shop.example/"',
        )
    audience = authorizer.audience
    if isinstance(audience, str) or not audience or "" in audience:
        raise RefusedError(
            f"{subject}: audience",
            got=repr(audience),
            allowed="a list of at least one audience or client id: without it any token of the issuer would do",
            fix=f'audience=["{audience}"]' if isinstance(audience, str) else 'audience=["shop-website"]',
        )
    check_names(subject, "header", [authorizer.header])


def _check_cognito(subject: str, authorizer: CognitoAuthorizer) -> None:
    if len(authorizer.user_pools) != 1:
        raise RefusedError(
            f"{subject}: user_pools",
            got=f"{len(authorizer.user_pools)}",
            allowed="one: an HTTP API's authorizer knows one issuer of tokens",
            fix="one CognitoAuthorizer per pool, on the routes of its users",
        )
    if not authorizer.clients:
        raise RefusedError(
            f"{subject}: clients",
            got="none",
            allowed="at least one client of the pool, whose tokens are good",
            fix='CognitoAuthorizer([user_pool], clients=[user_pool.add_client("Website")])',
        )


class HttpAuthorizers:
    """The authorizers of one HTTP API, each made when a route first uses it."""

    def __init__(self, scope: Construct) -> None:
        self._scope = scope
        self._made: list[tuple[HttpAuthorization, IHttpRouteAuthorizer]] = []
        self._ids: set[str] = set()

    def of(self, authorizer: HttpAuthorization) -> IHttpRouteAuthorizer:
        """Give CDK's authorizer, the same one for equal ones."""
        made = next((made for known, made in self._made if known == authorizer), None)
        if made is None:
            made = self._make(authorizer)
            self._made.append((authorizer, made))
        return made

    def _make(self, authorizer: HttpAuthorization) -> IHttpRouteAuthorizer:
        match authorizer:
            case Access():
                return HttpIamAuthorizer() if authorizer is Access.IAM else HttpNoneAuthorizer()
            case JwtAuthorizer():
                return HttpJwtAuthorizer(
                    self._free_id("JwtAuthorizer"),
                    authorizer.issuer,
                    jwt_audience=list(authorizer.audience),
                    identity_source=[f"$request.header.{authorizer.header}"],
                )
            case CognitoAuthorizer():
                return HttpUserPoolAuthorizer(
                    self._free_id("CognitoAuthorizer"),
                    authorizer.user_pools[0],
                    user_pool_clients=list(authorizer.clients),
                )
            case RequestAuthorizer():
                return self._lambda(authorizer)

    def _lambda(self, authorizer: RequestAuthorizer) -> HttpLambdaAuthorizer:
        name = self._free_id(f"{authorizer.function.construct_id}Authorizer")
        handler = handler_from_here(self._scope, name, authorizer.function)
        ttl = check_authorizer_function(name, authorizer)
        return HttpLambdaAuthorizer(
            name,
            handler,
            # One answer for all routes of a caller is what HTTP APIs keep, unless route and path are in the key.
            identity_source=[*authorizer.identity_sources("$request"), *(_BY_ROUTE if ttl else ())],
            response_types=[HttpLambdaResponseType.SIMPLE],
            results_cache_ttl=_seconds(ttl),
        )

    def _free_id(self, wanted: str) -> str:
        numbered = chain([wanted], (f"{wanted}{number}" for number in count(2)))
        free = next(name for name in numbered if name not in self._ids)
        self._ids.add(free)
        return free
