"""Who may call a route: everyone, IAM principals, Cognito users, or whoever a function of yours lets in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from aws_cdk import Annotations, Duration
from aws_cdk import aws_apigateway as apigateway
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
    """A function that decides by one header, usually a bearer token.

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

    Args:
        function: the authorizer function.
        headers: headers it decides by; a request without one of them gets a 401 without a call of the function.
        query: query parameters it decides by, likewise.
        cache_ttl: how long API Gateway keeps a decision, in seconds or as a Duration: 0 to 3,600 s
            (limits.AUTHORIZER_TTL_MAX); 0 by default. A kept decision is used for the same identity, method and path only: method and path are added to the identity
            sources, so that the policy of one route never answers for another.

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
        """The request parameters that identify the caller."""
        return (
            *(f"method.request.header.{name}" for name in self.headers),
            *(f"method.request.querystring.{name}" for name in self.query),
        )


@dataclass(frozen=True)
class CognitoAuthorizer:
    """Users of Cognito user pools, by the token in the ``Authorization`` header.

    Args:
        user_pools: the pools whose tokens are good.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import CognitoAuthorizer
        >>> customers = CognitoAuthorizer([cdk.aws_cognito.UserPool(cdk.Stack(cdk.App(), "Shop"), "Customers")])
    """

    user_pools: Sequence[cognito.IUserPool]


Authorization = Access | TokenAuthorizer | RequestAuthorizer | CognitoAuthorizer
"""What a route's ``authorizer`` may be."""


_BY_ROUTE = ("context.httpMethod", "context.path")
_TYPES = {Access.PUBLIC: apigateway.AuthorizationType.NONE, Access.IAM: apigateway.AuthorizationType.IAM}


def caller_context(authorizer: Authorization) -> str | None:
    """Name the context variable that holds who called, for events that carry no token."""
    if isinstance(authorizer, Access):
        return "identity.userArn" if authorizer is Access.IAM else None
    return "authorizer.claims.sub" if isinstance(authorizer, CognitoAuthorizer) else "authorizer.principalId"


class Authorizers:
    """The authorizers of one API, each made when a route first uses it."""

    def __init__(self, scope: Construct, subject: str, api: apigateway.RestApi) -> None:
        self._scope, self._subject, self._api = scope, subject, api
        self._made: list[tuple[Authorization, apigateway.IAuthorizer]] = []
        self._ids: set[str] = set()

    def check(self, subject: str, authorizer: Authorization) -> None:
        """Refuse an authorizer that API Gateway would not take, or whose cache would mix callers up.

        Raises:
            RefusedError: a TTL out of range, or a kept decision without an identity to keep it under.
        """
        if isinstance(authorizer, CognitoAuthorizer) and not authorizer.user_pools:
            raise RefusedError(
                f"{subject}: authorizer",
                got="a Cognito authorizer without user pools, which lets nobody in",
                allowed="one or more user pools",
                fix="CognitoAuthorizer([user_pool])",
            )
        if not isinstance(authorizer, TokenAuthorizer | RequestAuthorizer):
            return
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
        ttl = _ttl_seconds(f"{subject}: authorizer cache_ttl", authorizer)
        if ttl and isinstance(authorizer, RequestAuthorizer) and not authorizer.identity_inputs:
            raise RefusedError(
                f"{subject}: authorizer cache_ttl",
                got=f"{ttl} s without identity sources",
                allowed="headers or query parameters that identify the caller, or no cache_ttl",
                fix='RequestAuthorizer(function, headers=["Authorization"], cache_ttl=...)',
            )

    def method_options(self, authorizer: Authorization, scopes: Sequence[str]) -> dict[str, Any]:
        """Give the options with which a method asks for this access."""
        if isinstance(authorizer, Access):
            return {"authorization_type": _TYPES[authorizer]}
        made = next((made for known, made in self._made if known == authorizer), None)
        if made is None:
            made = self._make(authorizer)
            self._made.append((authorizer, made))
        return {"authorizer": made, **({"authorization_scopes": list(scopes)} if scopes else {})}

    def _make(
        self, authorizer: TokenAuthorizer | RequestAuthorizer | CognitoAuthorizer
    ) -> apigateway.IAuthorizer:
        if isinstance(authorizer, CognitoAuthorizer):
            return apigateway.CognitoUserPoolsAuthorizer(
                self._scope,
                self._free_id("CognitoAuthorizer"),
                cognito_user_pools=list(authorizer.user_pools),
            )
        self._warn_if_slow(authorizer.function)
        name = self._free_id(f"{authorizer.function.node.id}Authorizer")
        # The alias as seen from here: its invoke permission then belongs to the API's stack, and a function in
        # another stack does not depend back on the API.
        handler = lambda_.Function.from_function_attributes(
            self._scope,
            f"{name}Function",
            function_arn=authorizer.function.alias.function_arn,
            same_environment=True,
        )
        ttl = _ttl_seconds(self._subject, authorizer)
        common: dict[str, Any] = {"handler": handler, "results_cache_ttl": Duration.seconds(ttl)}
        if isinstance(authorizer, TokenAuthorizer):
            source = f"method.request.header.{authorizer.header}"
            self._deploy_changes(name, source, ttl, authorizer.validation_regex)
            return apigateway.TokenAuthorizer(
                self._scope,
                name,
                **common,
                identity_source=source,
                validation_regex=authorizer.validation_regex,
            )
        sources = [*authorizer.identity_inputs, *(_BY_ROUTE if ttl else ())]
        self._deploy_changes(name, *sources, ttl)
        return apigateway.RequestAuthorizer(self._scope, name, **common, identity_sources=sources)

    def _deploy_changes(self, *settings: object) -> None:
        """Make a new deployment of any change here; CDK does so behind a feature flag only."""
        deployment = self._api.latest_deployment
        assert deployment is not None
        deployment.add_to_logical_id(list(settings))

    def _free_id(self, wanted: str) -> str:
        numbered = chain([wanted], (f"{wanted}{number}" for number in count(2)))
        free = next(name for name in numbered if name not in self._ids)
        self._ids.add(free)
        return free

    def _warn_if_slow(self, function: HardenedFunction) -> None:
        # A warning, not a refusal: AWS names no number, 29 s is what others saw.
        if function.budget.function > REST_AUTHORIZER_WAIT:
            Annotations.of(self._scope).add_warning_v2(
                "constructs-lib:authorizer-too-slow",
                f"{self._subject}: an authorizer may run {function.budget.function} s; API Gateway is known to wait "
                f"{REST_AUTHORIZER_WAIT}, then the caller gets a 500. Lower the function's budget",
            )


def _ttl_seconds(subject: str, authorizer: TokenAuthorizer | RequestAuthorizer) -> int:
    found = whole_seconds(subject, authorizer.cache_ttl, 0, int(AUTHORIZER_TTL_MAX))
    assert found is not None
    return found // SECOND
