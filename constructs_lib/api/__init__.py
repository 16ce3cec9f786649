"""REST, HTTP and WebSocket APIs in front of hardened functions.

What they share:

``declaration``     what a route of any API declares; with ``paths``, ``names`` and ``throttle``
``authorizer``      who may call a route
``access_logs``     the line per request

REST APIs:

``rest_api``        the construct: what is refused, made and exposed
``routes``          a route's options, checked; with ``request_schema`` and ``cache``
``endpoint``        how long each kind of endpoint waits, and how a private one is reached
``integration``     how a route reaches its function: proxy, streamed or, with ``async_event``, asynchronous
``workflow_integration``  how a route waits for an express workflow
``rest_authorizers``  CDK's authorizers
``stage_settings``  the stage's method settings
``responses``       what the gateway itself answers, and CORS
``usage_plan``      plans and API keys
``account_role``    the account-wide role that writes logs

HTTP and WebSocket APIs:

``http_api``        the construct
``http_routes``     a route's options, checked; with ``http_cors``
``http_authorizers``  CDK's authorizers
``websocket_api``   the construct, with ``websocket_authorizers``
``connections``     who is connected
``fixed_wait``      how long the API waits
``permissions``     which route may call which function
``route_settings``  what the stage says of its routes
"""

from __future__ import annotations

from constructs_lib.api.account_role import ApiGatewayAccountRole
from constructs_lib.api.authorizer import (
    Access,
    CognitoAuthorizer,
    JwtAuthorizer,
    RequestAuthorizer,
    TokenAuthorizer,
)
from constructs_lib.api.cache import CachePolicy
from constructs_lib.api.connections import ConnectionTable
from constructs_lib.api.http_api import HardenedHttpApi
from constructs_lib.api.http_routes import HttpRouteOptions
from constructs_lib.api.rest_api import HardenedRestApi
from constructs_lib.api.routes import RouteOptions
from constructs_lib.api.websocket_api import HardenedWebSocketApi

__all__ = [
    "Access",
    "ApiGatewayAccountRole",
    "CachePolicy",
    "CognitoAuthorizer",
    "ConnectionTable",
    "HardenedHttpApi",
    "HardenedRestApi",
    "HardenedWebSocketApi",
    "HttpRouteOptions",
    "JwtAuthorizer",
    "RequestAuthorizer",
    "RouteOptions",
    "TokenAuthorizer",
]
