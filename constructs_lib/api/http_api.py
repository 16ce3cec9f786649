""":class:`HardenedHttpApi`: an HTTP API whose waits, authorizers and throttling are set on purpose."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Unpack

from aws_cdk import Annotations, Duration, Names, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2 import CorsPreflightOptions, HttpMethod, HttpRouteKey
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from constructs_lib.api.access_logs import HTTP_FIELDS, log_line
from constructs_lib.api.authorizer import Access, HttpAuthorization
from constructs_lib.api.declaration import check_method
from constructs_lib.api.fixed_wait import integration_wait
from constructs_lib.api.http_authorizers import HttpAuthorizers, check_http_authorizer, sent_headers
from constructs_lib.api.http_cors import check_http_cors, check_preflight, missing_headers
from constructs_lib.api.http_routes import (
    DEFAULT,
    HttpRouteDeclaration,
    HttpRouteOptions,
    read_http_route,
)
from constructs_lib.api.permissions import AliasPermissions
from constructs_lib.api.route_settings import RouteSettings
from constructs_lib.api.stage_settings import check_stage_name
from constructs_lib.api.throttle import check_throttle, limits_within_concurrency
from constructs_lib.compute.arguments import check_near
from constructs_lib.errors import RefusedError
from constructs_lib.limits import HTTP_API_WAIT

if TYPE_CHECKING:
    from constructs_lib.api.throttle import ThrottleSettings
    from constructs_lib.compute.function import HardenedFunction


_CDK_WAIT_MAX = 29_000  # CDK's own check stops at the wait of a REST API
_milliseconds = cache(Duration.millis)  # each made once: it is a round trip to another process


class HardenedHttpApi(Construct):
    """An HTTP API in front of hardened functions; one call adds a route.

    * The integration timeout comes from the function's budget, and is refused where it is over the 30 s that an HTTP
      API waits; so is an authorizer function that may take 10 s or more. No quota raises either.
    * Each route is authorized, or says that it is public; decisions of authorizer functions are kept only on request,
      and then for the same caller, method and path alone.
    * The stage has a throttle, and each route may have a tighter one.
    * Each request is one JSON line in the access log, with the latency and error of its integration; metrics per
      route are on.
    * The functions get payload format 2.0. Each route may invoke its function's alias, and nothing else may.

    What a REST API has and an HTTP API does not: caches, request validation, API keys and usage plans, asynchronous
    and streamed routes, waits over 30 s, X-Ray and WAF. See :class:`HardenedRestApi`.

    The API answers a failed or too slow integration itself: 500 ``{"message":"Internal Server Error"}`` where the
    function failed, 503 ``{"message":"Service Unavailable"}`` where it took too long. With ``cors`` these answers carry
    the CORS headers too.

    Args:
        authorizer: who may call routes that do not say it themselves; None makes every route say it.
        cors: lets pages of other origins call the API: API Gateway answers preflights and sets the headers of every
            answer, and drops those that functions set.
        throttle: requests per second, and burst, of all callers together. The default, 30 and 60, is what 900
            concurrent executions (an account's 1,000, less the 100 that stay unreserved) carry if every request takes
            the API's whole 30 s; raise it with measured durations.
        stage_name: the stage, part of the URL; ``$default`` is served without a part of its own.
        description: what the API is for.
        disable_execute_api_endpoint: True leaves the API to its custom domains alone, as needed behind a CDN or mutual
            TLS; without one nobody reaches it.
        log_retention: how long access logs are kept.
        removal_policy: what becomes of the access logs when the stack goes.

    Attributes:
        http_api: the L2 API.
        stage: the L2 stage, which deploys every change by itself.
        access_log_group: the access logs' L2 group.
        url: the stage's URL.

    Raises:
        RefusedError: names the argument or the route, what was found, what is allowed and what to change.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import Access, HardenedFunction, HardenedHttpApi, JwtAuthorizer, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> orders = HardenedFunction(
        ...     stack,
        ...     "Orders",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=10, init=2),
        ... )
        >>> customers = JwtAuthorizer("https://login.shop.example/", audience=["shop-website"])
        >>> api = HardenedHttpApi(stack, "Api", authorizer=customers)
        >>> placed = api.post("/orders", orders, scopes=["orders/write"])
        >>> health = api.get("/health", orders, authorizer=Access.PUBLIC)
        >>> placed.path, health.path
        ('/orders', '/health')
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        authorizer: HttpAuthorization | None = None,
        cors: CorsPreflightOptions | None = None,
        throttle: ThrottleSettings | None = None,
        stage_name: str = DEFAULT,
        description: str | None = None,
        disable_execute_api_endpoint: bool = False,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        self._subject = f"HardenedHttpApi {construct_id!r}"
        limits = limits_within_concurrency(HTTP_API_WAIT)
        if throttle is not None:
            limits = check_throttle(self._subject, throttle, scope)
        check_http_cors(self._subject, cors)
        check_stage_name(self._subject, stage_name, DEFAULT)
        super().__init__(scope, construct_id)
        self._authorizer, self._cors = authorizer, cors

        self.access_log_group = logs.LogGroup(
            self, "AccessLogs", retention=log_retention, removal_policy=removal_policy
        )
        self.http_api = apigatewayv2.HttpApi(
            self,
            "HttpApi",
            # The name is what people tell APIs apart by in the console: two of one name look the same there.
            api_name=Names.unique_resource_name(self, separator="-"),
            description=description,
            cors_preflight=cors,
            create_default_stage=False,
            disable_execute_api_endpoint=disable_execute_api_endpoint,
        )
        self.stage = apigatewayv2.HttpStage(
            self, "Stage", http_api=self.http_api, stage_name=stage_name, auto_deploy=True
        )
        self._settings = RouteSettings(self.stage, limits)
        self._settings.log_to(self.access_log_group, log_line(HTTP_FIELDS))
        self._permissions = AliasPermissions(self, self.http_api.api_id, stage_name)
        self._authorizers = HttpAuthorizers(self)
        self._routes: dict[str, HttpRouteDeclaration] = {}

    @property
    def url(self) -> str:
        """The stage's URL."""
        return self.stage.url

    def get(
        self, path: str, function: HardenedFunction, **options: Unpack[HttpRouteOptions]
    ) -> apigatewayv2.HttpRoute:
        """Add a GET route; see :meth:`add_route`."""
        return self.add_route("GET", path, function, **options)

    def post(
        self, path: str, function: HardenedFunction, **options: Unpack[HttpRouteOptions]
    ) -> apigatewayv2.HttpRoute:
        """Add a POST route; see :meth:`add_route`."""
        return self.add_route("POST", path, function, **options)

    def put(
        self, path: str, function: HardenedFunction, **options: Unpack[HttpRouteOptions]
    ) -> apigatewayv2.HttpRoute:
        """Add a PUT route; see :meth:`add_route`."""
        return self.add_route("PUT", path, function, **options)

    def patch(
        self, path: str, function: HardenedFunction, **options: Unpack[HttpRouteOptions]
    ) -> apigatewayv2.HttpRoute:
        """Add a PATCH route; see :meth:`add_route`."""
        return self.add_route("PATCH", path, function, **options)

    def delete(
        self, path: str, function: HardenedFunction, **options: Unpack[HttpRouteOptions]
    ) -> apigatewayv2.HttpRoute:
        """Add a DELETE route; see :meth:`add_route`."""
        return self.add_route("DELETE", path, function, **options)

    def add_route(
        self, method: str, path: str, function: HardenedFunction, **options: Unpack[HttpRouteOptions]
    ) -> apigatewayv2.HttpRoute:
        """Add a route: one method on one path, answered by one function's alias.

        Args:
            method: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS or ANY.
            path: e.g. ``"/orders/{id}"``; ``{name}`` is a path parameter, ``{name+}`` takes the rest of the path.
            function: what answers; its budget gives the integration timeout.
            options: see :class:`HttpRouteOptions`.

        Returns:
            The L2 route; ``route.grant_invoke(role)`` lets a role call one of ``Access.IAM``.

        Raises:
            RefusedError: nothing of the route has been made then.
        """
        check_method(f"{self._subject}: {method} {path}", method)
        return self._add(method, path, function, options)

    def add_default_route(
        self, function: HardenedFunction, **options: Unpack[HttpRouteOptions]
    ) -> apigatewayv2.HttpRoute:
        """Add the route that takes every request which no other route matches; see :meth:`add_route`."""
        return self._add(DEFAULT, "", function, options)

    def _add(
        self, method: str, path: str, function: HardenedFunction, options: HttpRouteOptions
    ) -> apigatewayv2.HttpRoute:
        subject = f"{self._subject}: {f'{method} {path}'.rstrip()}"
        declared = read_http_route(
            subject, method, path, function, options=options, default_authorizer=self._authorizer
        )
        check_near(f"{subject}: function", self, function)
        self._check_beside_others(subject, declared)
        check_http_authorizer(subject, declared.authorizer)
        wait = integration_wait(subject, function.budget, HTTP_API_WAIT, "an HTTP API")
        self._routes[declared.shape] = declared
        route = self._route(declared, wait)
        if wait > _CDK_WAIT_MAX:
            integration = route.node.find_child("Integration").node.default_child
            assert isinstance(integration, apigatewayv2.CfnIntegration)
            integration.timeout_in_millis = wait
        self._permissions.permit(function, declared.key, declared.arn)
        self._settings.add(declared.key, route, declared.throttle)
        self._warn_of_blocked_headers(subject, declared)
        return route

    def _route(self, declared: HttpRouteDeclaration, wait: int) -> apigatewayv2.HttpRoute:
        # An integration each: one that routes shared would be a child of the first, and go with it.
        integration = HttpLambdaIntegration(
            "Integration",
            self._permissions.handler(declared.function),
            timeout=_milliseconds(min(wait, _CDK_WAIT_MAX)),
        )
        authorizer, scopes = self._authorizers.of(declared.authorizer), list(declared.scopes) or None
        if declared.method == DEFAULT:
            return apigatewayv2.HttpRoute(
                self.http_api,
                DEFAULT,
                http_api=self.http_api,
                route_key=HttpRouteKey.DEFAULT,
                integration=integration,
                authorizer=authorizer,
                authorization_scopes=scopes,
            )
        (route,) = self.http_api.add_routes(
            path=declared.path,
            methods=[HttpMethod[declared.method]],
            integration=integration,
            authorizer=authorizer,
            authorization_scopes=scopes,
        )
        return route

    def _check_beside_others(self, subject: str, declared: HttpRouteDeclaration) -> None:
        if declared.shape in self._routes:
            other = self._routes[declared.shape].key
            raise RefusedError(
                f"{subject}: route",
                got="it a second time"
                if other == declared.key
                else f"a route that matches what {other} does",
                allowed="each method once per path, whatever its parameters are called",
                fix="drop one of the two, or give it another path",
            )
        if self._cors is not None:
            if declared.method == "OPTIONS":
                raise RefusedError(
                    f"{subject}: route",
                    got="OPTIONS, which cors answers already",
                    allowed="each method once per path",
                    fix="drop the route, or cors",
                )
            check_preflight(subject, declared.method, public=declared.authorizer is Access.PUBLIC)

    def _warn_of_blocked_headers(self, subject: str, declared: HttpRouteDeclaration) -> None:
        """Warn rather than refuse: a route may be meant for other servers, which ask for no preflight."""
        if self._cors is None:
            return
        if missing := missing_headers(self._cors, sent_headers(declared.authorizer)):
            names = ", ".join(missing)
            Annotations.of(self).add_warning_v2(
                f"constructs-lib:cors-blocks-authorization:{declared.key}",
                f"{subject}: no page may call it: callers show who they are in {names}, which cors does not allow. "
                f"Add allow_headers=[{', '.join(map(repr, missing))}]",
            )
