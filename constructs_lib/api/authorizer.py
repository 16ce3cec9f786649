"""Who may call a route: everyone, IAM principals, Cognito users, or whoever a function of yours lets in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import TYPE_CHECKING

from aws_cdk import Annotations
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from constructs_lib.api.names import check_names
from constructs_lib.errors import RefusedError
from constructs_lib.limits import AUTHORIZER_TTL_MAX, REST_AUTHORIZER_WAIT
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.seconds import Seconds, whole_seconds

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction


class Access(Enum):
    """Access that needs no authorizer of its own.

    Example:
        >>> [access.name for access in Access]
        ['PUBLIC', 'IAM']
    """

    PUBLIC = "NONE"
    """Everyone, and the route says so."""
    IAM = "AWS_IAM"
    """Principals with ``execute-api:Invoke``; requests are signed (SigV4)."""


@dataclass(frozen=True)
class TokenAuthorizer:
    """A function that decides by one header, usually a bearer token, in front of a REST API.

    Args:
        function: the authorizer function.
        header: the header with the token.
        cache_ttl: how long API Gateway keeps a decision, in seconds or as a Duration: 0 to 3,600 s
            (limits.AUTHORIZER_TTL_MAX). The default, 0, asks for every request. A kept decision is used for *every* route that is called with the same token: set
            a TTL only if the function's policy covers the whole API, else callers get a 403 on their second route.
        validation_regex: tokens that do not match get a 401 without a call of the function.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import HardenedFunction, HardenedRestApi, TimeoutBudget, TokenAuthorizer
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> check_token = HardenedFunction(
        ...     stack,
        ...     "CheckToken",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=None, init=2, work=3),
        ... )
        >>> api = HardenedRestApi(stack, "Api", authorizer=TokenAuthorizer(check_token))
    """

    function: HardenedFunction
    _: KW_ONLY
    header: str = "Authorization"
    cache_ttl: Seconds = 0
    validation_regex: str | None = None


@dataclass(frozen=True)
class RequestAuthorizer:
    """A function that decides by several parts of the request.

    It answers a REST or WebSocket API with a policy, and an HTTP API with ``{"isAuthorized": True, "context": {...}}``
    (payload format 2.0, simple response). On a WebSocket API it is asked once, when a client connects.

    Args:
        function: the authorizer function. An HTTP API waits 10 s for it (limits.HTTP_API_AUTHORIZER_WAIT).
        headers: headers it decides by; a request without one of them gets a 401 without a call of the function.
        query: query parameters it decides by, likewise.
        cache_ttl: how long API Gateway keeps a decision, in seconds or as a Duration: 0 to 3,600 s
            (limits.AUTHORIZER_TTL_MAX); 0 by default. A kept decision is used for the same identity, method and
            path only: method and path are added to the identity sources, so that the policy of one route never
            answers for another. A WebSocket API keeps none.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import HardenedFunction, RequestAuthorizer, TimeoutBudget
        >>> check_request = HardenedFunction(
        ...     cdk.Stack(cdk.App(), "Shop"),
        ...     "CheckRequest",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=None, init=2, work=3),
        ... )
        >>> by_tenant = RequestAuthorizer(check_request, headers=["Authorization", "X-Tenant"], cache_ttl=60)
        >>> by_tenant.identity_inputs
        ('method.request.header.Authorization', 'method.request.header.X-Tenant')
    """

    function: HardenedFunction
    _: KW_ONLY
    headers: Sequence[str] = ("Authorization",)
    query: Sequence[str] = ()
    cache_ttl: Seconds = 0

    @property
    def identity_inputs(self) -> tuple[str, ...]:
        """The request parameters that identify the caller, as a REST API names them."""
        return self.identity_sources("method.request")

    def identity_sources(self, request: str) -> tuple[str, ...]:
        """Name what identifies the caller, under what a kind of API calls its request."""
        return (
            *(f"{request}.header.{name}" for name in self.headers),
            *(f"{request}.querystring.{name}" for name in self.query),
        )


@dataclass(frozen=True)
class CognitoAuthorizer:
    """Users of Cognito user pools, by the token in the ``Authorization`` header, in front of a REST or HTTP API.

    Args:
        user_pools: the pools whose tokens are good; one for an HTTP API.
        clients: the pool's clients whose tokens are good. An HTTP API needs them; a REST API takes the tokens of every
            client, and so none here.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import CognitoAuthorizer
        >>> pool = cdk.aws_cognito.UserPool(cdk.Stack(cdk.App(), "Shop"), "Customers")
        >>> of_a_rest_api = CognitoAuthorizer([pool])
        >>> of_an_http_api = CognitoAuthorizer([pool], clients=[pool.add_client("Website")])
    """

    user_pools: Sequence[cognito.IUserPool]
    _: KW_ONLY
    clients: Sequence[cognito.IUserPoolClient] = ()


@dataclass(frozen=True)
class JwtAuthorizer:
    """Holders of a JSON web token of any OpenID Connect provider, checked by an HTTP API itself.

    The API checks signature, expiry, issuer and audience, and each route's ``scopes``; it calls no function.

    Args:
        issuer: the provider's URL, as in the token's ``iss``; the API reads ``/.well-known/openid-configuration`` under
            it within 1.5 s (apigw-dg/http-api-quotas).
        audience: what the token's ``aud`` or ``client_id`` may be, at least one.
        header: the header with the token.

    Example:
        >>> customers = JwtAuthorizer("https://login.shop.example/", audience=["shop-website"])
        >>> customers.header
        'Authorization'
    """

    issuer: str
    _: KW_ONLY
    audience: Sequence[str]
    header: str = "Authorization"


Authorization = Access | TokenAuthorizer | RequestAuthorizer | CognitoAuthorizer
"""What the ``authorizer`` of a REST API's route may be."""

HttpAuthorization = Access | RequestAuthorizer | JwtAuthorizer | CognitoAuthorizer
"""What the ``authorizer`` of an HTTP API's route may be."""

WebSocketAuthorization = Access | RequestAuthorizer
"""What the ``authorizer`` of a WebSocket API may be."""


def caller_context(authorizer: Authorization) -> str | None:
    """Name the context variable that holds who called, for events that carry no token."""
    if isinstance(authorizer, Access):
        return "identity.userArn" if authorizer is Access.IAM else None
    return "authorizer.claims.sub" if isinstance(authorizer, CognitoAuthorizer) else "authorizer.principalId"


def check_authorizer_function(subject: str, authorizer: TokenAuthorizer | RequestAuthorizer) -> int:
    """Give how many seconds a decision is kept, of a function that an API may ask.

    Raises:
        RefusedError: no hardened function, a TTL out of range, names that are none, or a kept decision without an
            identity to keep it under.
    """
    if not hasattr(authorizer.function, "budget"):
        raise RefusedError(
            f"{subject}: authorizer",
            got=type(authorizer.function).__name__,
            allowed="a HardenedFunction, whose alias is what is called",
            fix="HardenedFunction(self, ..., budget=TimeoutBudget(gateway=None, ...))",
        )
    if isinstance(authorizer, RequestAuthorizer):
        check_names(f"{subject}: authorizer", "headers", authorizer.headers)
        check_names(f"{subject}: authorizer", "query", authorizer.query)
    else:
        check_names(f"{subject}: authorizer", "header", [authorizer.header])
    found = whole_seconds(
        f"{subject}: authorizer cache_ttl", authorizer.cache_ttl, 0, int(AUTHORIZER_TTL_MAX)
    )
    ttl = (found or 0) // SECOND
    if ttl and isinstance(authorizer, RequestAuthorizer) and not authorizer.identity_inputs:
        raise RefusedError(
            f"{subject}: authorizer cache_ttl",
            got=f"{ttl} s without identity sources",
            allowed="headers or query parameters that identify the caller, or no cache_ttl",
            fix='RequestAuthorizer(function, headers=["Authorization"], cache_ttl=...)',
        )
    return ttl


def warn_if_slow(scope: Construct, subject: str, function: HardenedFunction) -> None:
    """Warn of an authorizer function for which a REST or WebSocket API might not wait.

    A warning, not a refusal: AWS names no number, 29 s is what others saw.
    """
    if function.budget.function > REST_AUTHORIZER_WAIT:
        Annotations.of(scope).add_warning_v2(
            "constructs-lib:authorizer-too-slow",
            f"{subject}: an authorizer may run {function.budget.function} s; API Gateway is known to wait "
            f"{REST_AUTHORIZER_WAIT}, then the caller gets a 500. Lower the function's budget",
        )


def handler_from_here(scope: Construct, name: str, function: HardenedFunction) -> lambda_.IFunction:
    """Give an authorizer function's alias as seen from the API.

    Its invoke permission then belongs to the API's stack, and a function in another stack does not depend back on the
    API.
    """
    return lambda_.Function.from_function_attributes(
        scope, f"{name}Function", function_arn=function.alias.function_arn, same_environment=True
    )
