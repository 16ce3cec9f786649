""":class:`HardenedRestApi`: a REST API whose waits, cache, throttling and errors are set on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Unpack

from aws_cdk import Names, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigateway import (
    CorsOptions,
    EndpointType,
    MethodLoggingLevel,
    QuotaSettings,
    ThrottleSettings,
)
from constructs import Construct

from constructs_lib.api.access_logs import access_log_format
from constructs_lib.api.account_role import ApiGatewayAccountRole
from constructs_lib.api.async_event import check_asynchronous
from constructs_lib.api.cache import check_cache_size
from constructs_lib.api.endpoint import WaitLimit, check_reach
from constructs_lib.api.integration import Integrations
from constructs_lib.api.paths import PathTree
from constructs_lib.api.request_schema import RequestValidation
from constructs_lib.api.responses import (
    add_bad_body_response,
    add_gateway_responses,
    add_preflight,
    check_cors,
    cors_headers,
)
from constructs_lib.api.rest_authorizers import Authorizers
from constructs_lib.api.routes import Route, RouteOptions, read_route
from constructs_lib.api.stage_settings import StageSettings, check_stage_name
from constructs_lib.api.throttle import DEFAULT_BURST, DEFAULT_RATE, check_throttle
from constructs_lib.api.usage_plan import PlansHaveKeyedRoutes, add_usage_plan
from constructs_lib.api.workflow_integration import WorkflowIntegrations, check_waits, is_workflow
from constructs_lib.compute.arguments import check_near
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from constructs_lib.api.authorizer import Authorization
    from constructs_lib.compute.function import HardenedFunction
    from constructs_lib.timeouts.seconds import Seconds
    from constructs_lib.workflow.express_workflow import ExpressWorkflow


class HardenedRestApi(Construct):
    """A REST API in front of hardened functions; one call adds a route.

    * The integration timeout comes from the function's budget, and is refused where the gateway would not wait.
    * Each route is authorized, or says that it is public.
    * Answers are cached only for GET routes that ask for it, under a key that holds every declared input and the
      caller's identity; without such a route the stage states that its cache is off.
    * Errors of the gateway itself are JSON with the request id and carry CORS headers; 429 says when to come back.
    * Each request is one JSON line in the access log; metrics per method and X-Ray tracing are on.
    * One permission per function lets this API's stage invoke its alias, and nothing else.

    API Gateway writes logs with a role that is set once per account and region: without it, deploying any stage with
    access logs fails with "CloudWatch Logs role ARN must be set in account settings". See ``account_role``.

    Args:
        authorizer: who may call routes that do not say it themselves; None makes every route say it.
        cors: lets pages of other origins call the API: preflight on every path, and headers on gateway errors. The
            functions set the headers of their own answers.
        throttle: requests per second, and burst, of all callers together. The default, 31 and 62, is what 900
            concurrent executions (an account's 1,000, less the 100 that stay unreserved) carry if every request takes
            the gateway's whole 29 s; raise it with measured durations.
        cache_size: GB of the stage's cache: 0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118 or 237 (limits.CACHE_SIZES_GB).
            Billed by the hour, and only once a route has ``cache``.
        endpoint_type: Regional, edge-optimized or private.
        vpc_endpoints: the ``execute-api`` interface endpoints through which a private API is reached, and nothing else.
        raised_quota: the account's quota L-E5AE38E3, in seconds or as a Duration, where it has been raised over 29 s.
        stage_name: the stage, part of the URL.
        description: what the API is for.
        account_role: True makes the account-wide CloudWatch role, once per stack; see :class:`ApiGatewayAccountRole`.
        execution_logging: API Gateway's own log of each step, for debugging; bodies are never logged.
        log_retention: how long access logs are kept.
        removal_policy: what becomes of the access logs when the stack goes.

    Attributes:
        rest_api: the L2 API.
        access_log_group: the access logs' L2 group.
        cors: what was given as ``cors``.
        stage: the L2 stage.
        deployment: the L2 deployment, whose id changes with anything that must be deployed.
        url: the stage's URL.

    Raises:
        RefusedError: names the argument or the route, what was found, what is allowed and what to change.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import Access, CachePolicy, HardenedFunction, HardenedRestApi, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> orders = HardenedFunction(
        ...     stack,
        ...     "Orders",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=10, init=2),
        ... )
        >>> api = HardenedRestApi(stack, "Api", authorizer=Access.IAM)
        >>> placed = api.post("/orders", orders, body={"type": "object", "required": ["item"]})
        >>> listed = api.get(
        ...     "/orders", orders, authorizer=Access.PUBLIC, query=["limit"], cache=CachePolicy(ttl=60)
        ... )
        >>> placed.http_method, listed.http_method
        ('POST', 'GET')
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        authorizer: Authorization | None = None,
        cors: CorsOptions | None = None,
        throttle: ThrottleSettings | None = None,
        cache_size: float = 0.5,
        endpoint_type: EndpointType = EndpointType.REGIONAL,
        vpc_endpoints: Sequence[ec2.IVpcEndpoint] = (),
        raised_quota: Seconds | None = None,
        stage_name: str = "live",
        description: str | None = None,
        account_role: bool = False,
        execution_logging: MethodLoggingLevel = MethodLoggingLevel.OFF,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        self._subject = f"HardenedRestApi {construct_id!r}"
        default_throttle = ThrottleSettings(rate_limit=DEFAULT_RATE, burst_limit=DEFAULT_BURST)
        rate = check_throttle(self._subject, throttle or default_throttle, scope)
        size = check_cache_size(self._subject, cache_size)
        check_cors(self._subject, cors)
        check_stage_name(self._subject, stage_name)
        self._waits = WaitLimit(self._subject, endpoint_type, raised_quota)
        check_reach(self._subject, endpoint_type, vpc_endpoints)
        super().__init__(scope, construct_id)
        self._authorizer, self.cors = authorizer, cors

        self.access_log_group = logs.LogGroup(
            self, "AccessLogs", retention=log_retention, removal_policy=removal_policy
        )
        stage = self._stage_options(stage_name, rate, execution_logging)
        self.rest_api = apigateway.RestApi(
            self,
            "RestApi",
            # The name is the dimension of the API's metrics: two APIs of one name would share them.
            rest_api_name=Names.unique_resource_name(self, separator="-"),
            description=description,
            cloud_watch_role=False,
            endpoint_configuration=apigateway.EndpointConfiguration(
                types=[endpoint_type], vpc_endpoints=list(vpc_endpoints) or None
            ),
            deploy_options=stage,
        )
        if vpc_endpoints:
            self.rest_api.grant_invoke_from_vpc_endpoints_only(list(vpc_endpoints))
        if account_role:
            self.stage.node.add_dependency(ApiGatewayAccountRole.of(self))
        add_gateway_responses(self.rest_api, cors)

        self._paths = PathTree()
        self._routes: dict[str, Route] = {}
        self._resources: dict[str, apigateway.IResource] = {}
        self._settings = StageSettings(self.rest_api, rate, execution_logging, size)
        self._authorizers = Authorizers(self, self._subject, self.rest_api)
        self._validation = RequestValidation(self, self.rest_api)
        self._integrations = Integrations(self, self.rest_api, stage_name, cors_headers(cors))
        self._workflows = WorkflowIntegrations(self, cors_headers(cors))

    @cached_property
    def stage(self) -> apigateway.Stage:
        """The L2 stage."""
        return self.rest_api.deployment_stage

    @cached_property
    def deployment(self) -> apigateway.Deployment:
        """The L2 deployment."""
        found = self.rest_api.latest_deployment
        assert found is not None
        return found

    @cached_property
    def _root(self) -> apigateway.IResource:
        return self.rest_api.root

    @property
    def url(self) -> str:
        """The stage's URL."""
        return self.rest_api.url

    def get(
        self, path: str, function: HardenedFunction | ExpressWorkflow, **options: Unpack[RouteOptions]
    ) -> apigateway.Method:
        """Add a GET route; see :meth:`add_route`."""
        return self.add_route("GET", path, function, **options)

    def post(
        self, path: str, function: HardenedFunction | ExpressWorkflow, **options: Unpack[RouteOptions]
    ) -> apigateway.Method:
        """Add a POST route; see :meth:`add_route`."""
        return self.add_route("POST", path, function, **options)

    def put(
        self, path: str, function: HardenedFunction | ExpressWorkflow, **options: Unpack[RouteOptions]
    ) -> apigateway.Method:
        """Add a PUT route; see :meth:`add_route`."""
        return self.add_route("PUT", path, function, **options)

    def patch(
        self, path: str, function: HardenedFunction | ExpressWorkflow, **options: Unpack[RouteOptions]
    ) -> apigateway.Method:
        """Add a PATCH route; see :meth:`add_route`."""
        return self.add_route("PATCH", path, function, **options)

    def delete(
        self, path: str, function: HardenedFunction | ExpressWorkflow, **options: Unpack[RouteOptions]
    ) -> apigateway.Method:
        """Add a DELETE route; see :meth:`add_route`."""
        return self.add_route("DELETE", path, function, **options)

    def add_route(
        self,
        method: str,
        path: str,
        function: HardenedFunction | ExpressWorkflow,
        **options: Unpack[RouteOptions],
    ) -> apigateway.Method:
        """Add a route: one method on one path, answered by one function's alias, or by a workflow that is waited for.

        Args:
            method: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS or ANY.
            path: e.g. ``"/orders/{id}"``; ``{name}`` is a path parameter, ``{name+}`` takes the rest of the path.
            function: what answers; its budget gives the integration timeout. An :class:`ExpressWorkflow` gets an event
                like the proxy integration's, with the declared inputs only, and the caller its output: 200, 504 where it
                timed out, 502 where it failed.
            options: see :class:`RouteOptions`.

        Returns:
            The L2 method.

        Raises:
            RefusedError: nothing of the route has been made then.
        """
        subject, route = self._read(method, path, function, options)
        integration, responses = self._integration(subject, route)
        if route.schema is not None and not any(each.schema for each in self._routes.values()):
            add_bad_body_response(self.rest_api, self.cors)
        self._paths.add(path)
        self._routes[str(route)] = route
        made = self._resource(path).add_method(
            method,
            integration,
            api_key_required=route.api_key_required or None,
            method_responses=responses,
            **self._validation.method_options(route.schema, route.inputs),
            **self._authorizers.method_options(route.authorizer, route.scopes),
        )
        self._settings.add(route)
        return made

    def check_route(
        self,
        method: str,
        path: str,
        function: HardenedFunction | ExpressWorkflow,
        **options: Unpack[RouteOptions],
    ) -> None:
        """Refuse a route as :meth:`add_route` would beside those that are there, and make nothing: for several at once.

        Raises:
            RefusedError: as :meth:`add_route`, but for how long the function may take.
        """
        self._read(method, path, function, options)

    def add_usage_plan(
        self,
        construct_id: str,
        *,
        throttle: ThrottleSettings,
        quota: QuotaSettings | None = None,
        keys: Sequence[str] = (),
    ) -> apigateway.UsagePlan:
        """Add a usage plan for this stage: rate, burst and quota of each API key in it.

        Args:
            construct_id: the plan's id within the API.
            throttle: requests per second, and burst, of one key.
            quota: requests of one key in a period.
            keys: construct ids of API keys to make; API Gateway makes up their values, which are in no template.

        Returns:
            The L2 plan; ``plan.add_api_key(key)`` adds keys from elsewhere.

        Raises:
            RefusedError: a throttle or quota out of range. At synth: the API has no route that needs a key.
        """
        subject = f"{self._subject}: usage plan {construct_id!r}"
        plan = add_usage_plan(
            self, self.rest_api, subject, construct_id, throttle=throttle, quota=quota, keys=keys
        )
        self.node.add_validation(PlansHaveKeyedRoutes(subject, self._any_route_needs_key))
        return plan

    def _read(
        self, method: str, path: str, function: HardenedFunction | ExpressWorkflow, options: RouteOptions
    ) -> tuple[str, Route]:
        subject = f"{self._subject}: {method} {path}"
        route = read_route(
            subject, method, path, function, options=options, default_authorizer=self._authorizer
        )
        if not is_workflow(route.target):
            check_near(f"{subject}: function", self, route.target)
        self._check_beside_others(subject, route)
        self._authorizers.check(subject, route.authorizer)
        return subject, route

    def _stage_options(
        self, name: str, rate: tuple[float, int], logging: MethodLoggingLevel
    ) -> apigateway.StageOptions:
        return apigateway.StageOptions(
            stage_name=name,
            access_log_destination=apigateway.LogGroupLogDestination(self.access_log_group),
            access_log_format=access_log_format(),
            tracing_enabled=True,
            metrics_enabled=True,
            logging_level=logging,
            data_trace_enabled=False,
            throttling_rate_limit=rate[0],
            throttling_burst_limit=rate[1],
            cache_cluster_enabled=False,
            caching_enabled=False,
        )

    def _integration(
        self, subject: str, route: Route
    ) -> tuple[apigateway.Integration, list[apigateway.MethodResponse] | None]:
        if is_workflow(route.target):
            check_waits(subject, route)
            wait = self._waits.integration_milliseconds(
                subject, route.target.integration, stream=False, waits="ExpressWorkflow"
            )
            return self._workflows.waiting(route, route.target, wait), self._workflows.answers()
        if route.asynchronous:
            check_asynchronous(subject, route)
            return self._integrations.asynchronous(route), [self._integrations.accepted()]
        seconds = route.function.budget.integration
        wait = self._waits.integration_milliseconds(subject, seconds, stream=route.stream)
        return self._integrations.proxy(route, wait), None

    def _any_route_needs_key(self) -> bool:
        return any(route.api_key_required for route in self._routes.values())

    def _check_beside_others(self, subject: str, route: Route) -> None:
        self._paths.check(subject, route.path)
        if str(route) in self._routes or (route.method == "OPTIONS" and self.cors is not None):
            raise RefusedError(
                f"{subject}: route",
                got="it a second time"
                if str(route) in self._routes
                else "OPTIONS, which cors answers already",
                allowed="each method once per path",
                fix="drop one of the two, or give it another path",
            )

    def _resource(self, path: str) -> apigateway.IResource:
        if path not in self._resources:
            resource = self._root if path == "/" else self._root.resource_for_path(path)
            if self.cors is not None:
                add_preflight(resource, self.cors)
            self._resources[path] = resource
        return self._resources[path]
