"""Who may connect to a WebSocket API, which is asked once, on ``$connect``."""

from __future__ import annotations

from aws_cdk.aws_apigatewayv2 import IWebSocketRouteAuthorizer, WebSocketNoneAuthorizer
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketIamAuthorizer, WebSocketLambdaAuthorizer
from constructs import Construct

from constructs_lib.api.authorizer import (
    Access,
    RequestAuthorizer,
    WebSocketAuthorization,
    check_authorizer_function,
    handler_from_here,
    warn_if_slow,
)
from constructs_lib.api.declaration import check_authorizer
from constructs_lib.errors import RefusedError


def check_websocket_authorizer(subject: str, authorizer: object) -> WebSocketAuthorization:
    """Refuse an authorizer that a WebSocket API does not have.

    Raises:
        RefusedError: none, another kind, or decisions that are to be kept.
    """
    fix = "RequestAuthorizer(function, ...), which may read a token from the query string"
    known: WebSocketAuthorization = check_authorizer(subject, authorizer, (Access, RequestAuthorizer), fix)
    if isinstance(known, RequestAuthorizer) and check_authorizer_function(subject, known):
        raise RefusedError(
            f"{subject}: authorizer cache_ttl",
            got=f"{known.cache_ttl!r}",
            allowed="0: a WebSocket API asks once for each connection, and keeps no decision for another",
            fix="leave cache_ttl out",
        )
    return known


def websocket_authorizer(
    scope: Construct, subject: str, authorizer: WebSocketAuthorization
) -> IWebSocketRouteAuthorizer:
    """Give CDK's authorizer."""
    if isinstance(authorizer, Access):
        return WebSocketIamAuthorizer() if authorizer is Access.IAM else WebSocketNoneAuthorizer()
    warn_if_slow(scope, subject, authorizer.function)
    name = f"{authorizer.function.construct_id}Authorizer"
    handler = handler_from_here(scope, name, authorizer.function)
    return WebSocketLambdaAuthorizer(
        name, handler, identity_source=list(authorizer.identity_sources("route.request"))
    )
