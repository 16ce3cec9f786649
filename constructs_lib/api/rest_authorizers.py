"""The authorizers of a REST API."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from constructs_lib.api.authorizer import (
    Access,
    Authorization,
    CognitoAuthorizer,
    RequestAuthorizer,
    TokenAuthorizer,
    check_authorizer_function,
    handler_from_here,
    warn_if_slow,
)
from constructs_lib.errors import RefusedError

_BY_ROUTE = ("context.httpMethod", "context.path")
_TYPES = {Access.PUBLIC: apigateway.AuthorizationType.NONE, Access.IAM: apigateway.AuthorizationType.IAM}


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
        if isinstance(authorizer, CognitoAuthorizer) and authorizer.clients:
            raise RefusedError(
                f"{subject}: authorizer",
                got="clients of a user pool, which a REST API cannot tell apart",
                allowed="user pools alone: the tokens of all their clients are good",
                fix="CognitoAuthorizer([user_pool]), or scopes on the routes",
            )
        if isinstance(authorizer, TokenAuthorizer | RequestAuthorizer):
            check_authorizer_function(subject, authorizer)

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
        warn_if_slow(self._scope, self._subject, authorizer.function)
        name = self._free_id(f"{authorizer.function.node.id}Authorizer")
        handler = handler_from_here(self._scope, name, authorizer.function)
        ttl = check_authorizer_function(self._subject, authorizer)
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
