"""REST APIs in front of hardened functions.

``rest_api``        the construct: what is refused, made and exposed
``routes``          a route's options, checked; with ``paths``, ``names``, ``request_schema``, ``throttle``, ``cache``
``endpoint``        how long each kind of endpoint waits, and how a private one is reached
``integration``     how a route reaches its function: proxy, streamed or, with ``async_event``, asynchronous
``authorizer``      who may call a route
``stage_settings``  the stage's method settings
``responses``       what the gateway itself answers, and CORS
``usage_plan``      plans and API keys
``access_logs``     the line per request
``account_role``    the account-wide role that writes logs
"""

from __future__ import annotations

from constructs_lib.api.account_role import ApiGatewayAccountRole
from constructs_lib.api.authorizer import Access, CognitoAuthorizer, RequestAuthorizer, TokenAuthorizer
from constructs_lib.api.cache import CachePolicy
from constructs_lib.api.rest_api import HardenedRestApi
from constructs_lib.api.routes import RouteOptions

__all__ = [
    "Access",
    "ApiGatewayAccountRole",
    "CachePolicy",
    "CognitoAuthorizer",
    "HardenedRestApi",
    "RequestAuthorizer",
    "RouteOptions",
    "TokenAuthorizer",
]
