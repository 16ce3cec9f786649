""":class:`HardenedWebSocketApi`: a WebSocket API that knows who is connected and who may send."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from aws_cdk import Duration, Names, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigateway import MethodLoggingLevel
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from constructs_lib.api.access_logs import WEBSOCKET_FIELDS, log_line
from constructs_lib.api.account_role import ApiGatewayAccountRole
from constructs_lib.api.connections import ConnectionTable
from constructs_lib.api.declaration import check_function
from constructs_lib.api.fixed_wait import integration_wait
from constructs_lib.api.permissions import AliasPermissions
from constructs_lib.api.route_settings import RouteSettings
from constructs_lib.api.stage_settings import check_stage_name
from constructs_lib.api.throttle import check_throttle, limits_within_concurrency
from constructs_lib.api.websocket_authorizers import check_websocket_authorizer, websocket_authorizer
from constructs_lib.compute.arguments import check_kind, check_near
from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.limits import WEBSOCKET_WAIT

if TYPE_CHECKING:
    from constructs_lib.api.authorizer import WebSocketAuthorization
    from constructs_lib.api.throttle import Limits, ThrottleSettings
    from constructs_lib.compute.function import HardenedFunction

CALLBACK_VARIABLE = "CALLBACK_URL"
CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"

_EXPRESSION = re.compile(r"\$request\.body\.[\w-]+(\.[\w-]+)*|\$\{request\.body\.[\w-]+(\.[\w-]+)*\}")
_KEY = re.compile(r"[^\s$][^\s]{0,127}")
_milliseconds = cache(Duration.millis)  # each made once: it is a round trip to another process


class HardenedWebSocketApi(Construct):
    """A WebSocket API in front of hardened functions, with a table of its connections.

    * The integration timeout comes from the function's budget, and is refused where it is over the 29 s that a
      WebSocket API waits; no quota raises that.
    * Who may connect is said once: API Gateway asks on ``$connect`` and nowhere else.
    * ``connect`` may write into the table of connections, ``disconnect`` delete from it; :meth:`grant_send` lets a
      function send to connections of this stage, and to nothing else.
    * The stage has a throttle, and each route may have a tighter one.
    * Each message is one JSON line in the access log; metrics per route are on; messages are never logged.
    * Each route may invoke its function's alias, and nothing else may.

    API Gateway writes a WebSocket API's logs with a role that is set once per account and region: without it, deploying
    any stage with access logs fails with "CloudWatch Logs role ARN must be set in account settings". See
    ``account_role``.

    **Functions of another stack** take their table with them, else each stack would need the other:
    ``connections=ConnectionTable(functions_stack, ...)``. For the same reason their routes get no ``CALLBACK_URL``;
    their events carry it: ``https://{requestContext.domainName}/{requestContext.stage}``.

    Args:
        authorizer: who may connect: ``Access.PUBLIC``, ``Access.IAM`` or a :class:`RequestAuthorizer`. Pages cannot set
            headers of a WebSocket handshake; their token comes as a query parameter.
        connect: called with each new connection, before it stands; any status but 2xx refuses it.
        disconnect: called when a connection has gone, at API Gateway's best effort.
        default: called with messages that no other route takes; None answers them with an error.
        connections: the table of connections; None makes one beside the API.
        route_selection_expression: the part of a JSON message that names its route.
        throttle: messages and connections per second, and burst, of all clients together. The default, 31 and 62, is
            what 900 concurrent executions (an account's 1,000, less the 100 that stay unreserved) carry if every message
            takes the API's whole 29 s; raise it with measured durations.
        stage_name: the stage, part of the URL.
        description: what the API is for.
        account_role: True makes the account-wide CloudWatch role, once per stack; see :class:`ApiGatewayAccountRole`.
        execution_logging: API Gateway's own log of each step, for debugging; messages are never logged.
        log_retention: how long access logs are kept.
        removal_policy: what becomes of the access logs when the stack goes.

    Attributes:
        web_socket_api: the L2 API.
        stage: the L2 stage, which deploys every change by itself.
        connections: the table of connections.
        access_log_group: the access logs' L2 group.
        url: where clients connect (``wss://``).
        callback_url: where functions send (``https://``).

    Raises:
        RefusedError: names the argument or the route, what was found, what is allowed and what to change.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import Access, HardenedFunction, HardenedWebSocketApi, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Chat")
        >>> def function(name):
        ...     code = cdk.aws_lambda.Code.from_inline("def handler(event, context): ...")
        ...     budget = TimeoutBudget(gateway=10, init=2)
        ...     return HardenedFunction(stack, name, code=code, handler="index.handler", budget=budget)
        >>> say = function("Say")
        >>> api = HardenedWebSocketApi(
        ...     stack, "Api", authorizer=Access.IAM, connect=function("Connect"), disconnect=function("Disconnect")
        ... )
        >>> route = api.add_route("say", say)
        >>> api.connections.grant_find(say)
        >>> api.grant_send(say)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        authorizer: WebSocketAuthorization,
        connect: HardenedFunction,
        disconnect: HardenedFunction,
        default: HardenedFunction | None = None,
        connections: ConnectionTable | None = None,
        route_selection_expression: str = "$request.body.action",
        throttle: ThrottleSettings | None = None,
        stage_name: str = "live",
        description: str | None = None,
        account_role: bool = False,
        execution_logging: MethodLoggingLevel = MethodLoggingLevel.OFF,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        self._subject = f"HardenedWebSocketApi {construct_id!r}"
        limits = limits_within_concurrency(WEBSOCKET_WAIT)
        if throttle is not None:
            limits = check_throttle(self._subject, throttle, scope)
        check_stage_name(self._subject, stage_name)
        _check_expression(self._subject, route_selection_expression)
        check_kind(
            f"{self._subject}: execution_logging",
            execution_logging,
            MethodLoggingLevel,
            "a MethodLoggingLevel",
            "execution_logging=MethodLoggingLevel..., or leave it out",
        )
        if connections is not None:
            check_kind(
                f"{self._subject}: connections",
                connections,
                ConnectionTable,
                "a ConnectionTable",
                "connections=ConnectionTable..., or leave it out",
            )
        known = check_websocket_authorizer(self._subject, authorizer)
        own = {CONNECT: connect, DISCONNECT: disconnect, **({} if default is None else {DEFAULT: default})}
        self._scope = scope
        self._stack, self._table_stack = _stack_of(scope), _stack_of(connections or scope)
        waits = {key: self._check(key, function) for key, function in own.items()}
        super().__init__(scope, construct_id)

        self.connections = connections or ConnectionTable(self, "Connections")
        self.connections.grant_register(connect)
        self.connections.grant_forget(disconnect)
        self.access_log_group = logs.LogGroup(
            self, "AccessLogs", retention=log_retention, removal_policy=removal_policy
        )
        self.web_socket_api = apigatewayv2.WebSocketApi(
            self,
            "WebSocketApi",
            # The name is what people tell APIs apart by in the console: two of one name look the same there.
            api_name=Names.unique_resource_name(self, separator="-"),
            description=description,
            route_selection_expression=route_selection_expression,
        )
        self.stage = apigatewayv2.WebSocketStage(
            self, "Stage", web_socket_api=self.web_socket_api, stage_name=stage_name, auto_deploy=True
        )
        if account_role:
            self.stage.node.add_dependency(ApiGatewayAccountRole.of(self))
        self._settings = RouteSettings(
            self.stage, limits, logging_level=execution_logging.value, data_trace_enabled=False
        )
        self._settings.log_to(self.access_log_group, log_line(WEBSOCKET_FIELDS))
        self._permissions = AliasPermissions(self, self.web_socket_api.api_id, stage_name)
        self._routes: dict[str, HardenedFunction] = {}
        self._told: set[HardenedFunction] = set()
        for key, function in own.items():
            asked = websocket_authorizer(self, self._subject, known) if key == CONNECT else None
            self._add(key, function, waits[key], authorizer=asked)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self.stage.url

    @property
    def callback_url(self) -> str:
        """Where functions send: the ``endpoint_url`` of an ``apigatewaymanagementapi`` client."""
        return self.stage.callback_url

    def add_route(
        self,
        key: str,
        function: HardenedFunction,
        *,
        throttle: ThrottleSettings | None = None,
        return_response: bool = False,
    ) -> apigatewayv2.WebSocketRoute:
        """Add a route: what messages whose ``route_selection_expression`` gives the key are answered by.

        Args:
            key: e.g. ``"say"`` for ``{"action": "say"}``.
            function: what is called; its budget gives the integration timeout.
            throttle: rate (messages per second) and burst (messages) of this route; the API's where left out.
            return_response: True sends the function's answer back to where the message came from.

        Returns:
            The L2 route.

        Raises:
            RefusedError: nothing of the route has been made then.
        """
        subject = f"{self._subject}: {key}"
        if not _KEY.fullmatch(str(key or "")) or is_token(key):
            raise RefusedError(
                f"{subject}: route key",
                got=repr(key),
                allowed="1 to 128 characters without spaces, not beginning with $: $connect, $disconnect and $default "
                "are arguments of the API",
                fix='"say"',
            )
        if key in self._routes:
            raise RefusedError(
                f"{subject}: route",
                got="it a second time",
                allowed="each key once",
                fix="drop one of the two, or rename it",
            )
        wait = self._check(key, function)
        limits = None if throttle is None else check_throttle(subject, throttle, function)
        if function in self._told and self._is_elsewhere(function):
            raise RefusedError(
                f"{subject}: function",
                got="one of another stack that has this API's CALLBACK_URL: each stack would need the other",
                allowed="its routes first, then grant_send, which leaves the variable out for it",
                fix="call add_route before grant_send",
            )
        return self._add(key, function, wait, throttle=limits, return_response=return_response)

    def grant_send(self, function: HardenedFunction) -> None:
        """Let a function send to this stage's connections, and tell it where in ``CALLBACK_URL``.

        A function of another stack that answers a route of this API gets no variable, see above; a sending function that
        finds a connection gone deletes its item: ``api.connections.grant_forget(function)``.

        Args:
            function: what sends; its alias gets ``execute-api:ManageConnections`` for POST on connections of this stage.

        Raises:
            RefusedError: no hardened function.
        """
        check_function(f"{self._subject}: grant_send", function)
        statement = iam.PolicyStatement(
            actions=["execute-api:ManageConnections"],
            resources=[f"{self._permissions.stage_arn}POST/@connections/*"],
        )
        if self._is_elsewhere(function) and function in self._routes.values():
            # The API's stack needs the function's already, so the policy belongs to the API's.
            construct_id = self._permissions.free_id(f"{function.construct_id}Sends", function)
            iam.Policy(self, construct_id, statements=[statement], roles=[function.role])
            return
        function.role.add_to_policy(statement)
        if function not in self._told:
            self._told.add(function)
            function.add_environment(CALLBACK_VARIABLE, self.callback_url)

    def _check(self, key: str, function: HardenedFunction) -> int:
        """Give a route's wait in milliseconds; refuse a function that the API cannot call, or whose stack would cycle."""
        subject = f"{self._subject}: {key}"
        check_function(subject, function)
        check_near(f"{subject}: function", self._scope, function)
        if self._is_elsewhere(function) and self._table_stack == self._stack:
            raise RefusedError(
                f"{subject}: connections",
                got="a table in the API's stack, and a function of another: each stack would need the other",
                allowed="a table in the function's stack, or in a third",
                fix="connections=ConnectionTable(functions_stack, ...)",
            )
        return integration_wait(subject, function.budget, WEBSOCKET_WAIT, "a WebSocket API")

    def _is_elsewhere(self, function: HardenedFunction) -> bool:
        return _stack_of(function) != self._stack

    def _add(
        self,
        key: str,
        function: HardenedFunction,
        wait: int,
        *,
        authorizer: apigatewayv2.IWebSocketRouteAuthorizer | None = None,
        throttle: Limits | None = None,
        return_response: bool = False,
    ) -> apigatewayv2.WebSocketRoute:
        self._routes[key] = function
        route = apigatewayv2.WebSocketRoute(
            self.web_socket_api,
            key,
            web_socket_api=self.web_socket_api,
            route_key=key,
            integration=WebSocketLambdaIntegration(
                "Integration", self._permissions.handler(function), timeout=_milliseconds(wait)
            ),
            authorizer=authorizer,
            return_response=return_response or None,
        )
        self._permissions.permit(function, key, key)
        self._settings.add(key, route, throttle)
        return route


def _check_expression(subject: str, expression: str) -> None:
    if not _EXPRESSION.fullmatch(str(expression)):
        raise RefusedError(
            f"{subject}: route_selection_expression",
            got=repr(expression),
            allowed="$request.body. and the path of a member of JSON messages",
            fix='"$request.body.action"',
        )


def _stack_of(scope: Construct) -> str:
    path: str = Stack.of(scope).node.addr
    return path
