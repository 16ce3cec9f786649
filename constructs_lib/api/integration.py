"""How a route reaches its function: proxy, streamed or asynchronous, through the alias and one permission."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigateway import IntegrationOptions, PassthroughBehavior, ResponseTransferMode
from constructs import Construct

from constructs_lib.api.async_event import event_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.api.routes import Route
    from constructs_lib.compute.function import HardenedFunction

ASYNC_WAIT = 5_000
"""How long the gateway waits for Lambda to accept an asynchronous event, in milliseconds; it takes a few."""

_milliseconds = cache(Duration.millis)  # each made once: it is a round trip to another process

# Versions and actions of Lambda's own API, as an integration's URI names them.
_BUFFER = ("2015-03-31", "invocations")
_STREAM = ("2021-11-15", "response-streaming-invocations")

_HEADER = "method.response.header."


class Integrations:
    """The integrations of one API; a function gets one invoke permission, however many routes lead to it."""

    def __init__(
        self, scope: Construct, api: apigateway.RestApi, stage_name: str, headers: Mapping[str, str]
    ) -> None:
        self._scope, self._api, self._stage_name, self._headers = scope, api, stage_name, headers
        self._arns: dict[HardenedFunction, str] = {}
        self._proxies: dict[tuple[HardenedFunction, int, bool, tuple[str, ...]], apigateway.Integration] = {}
        self._ids: set[str] = set()
        self._source_arn: str | None = None

    def proxy(self, route: Route, milliseconds: int) -> apigateway.Integration:
        """Hand the whole request to the function and its answer to the caller; routes that agree share it."""
        wanted = (route.function, milliseconds, route.stream, route.cache_key)
        if wanted not in self._proxies:
            version, action = _STREAM if route.stream else _BUFFER
            self._proxies[wanted] = apigateway.AwsIntegration(
                service="lambda",
                proxy=True,
                path=f"{version}/functions/{self._alias_arn(route.function)}/{action}",
                options=IntegrationOptions(
                    timeout=_milliseconds(milliseconds),
                    cache_key_parameters=list(route.cache_key) or None,
                    response_transfer_mode=ResponseTransferMode.STREAM if route.stream else None,
                ),
            )
        return self._proxies[wanted]

    def asynchronous(self, route: Route) -> apigateway.Integration:
        """Hand an event to Lambda's queue and answer 202 with the request id."""
        version, action = _BUFFER
        answer = apigateway.IntegrationResponse(
            status_code="202",
            response_templates={"application/json": '{"requestId":"$context.requestId"}'},
            response_parameters={_HEADER + name: value for name, value in self._headers.items()} or None,
        )
        return apigateway.AwsIntegration(
            service="lambda",
            proxy=False,
            path=f"{version}/functions/{self._alias_arn(route.function)}/{action}",
            options=IntegrationOptions(
                timeout=_milliseconds(ASYNC_WAIT),
                request_parameters={"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
                request_templates={"application/json": event_template(route)},
                passthrough_behavior=PassthroughBehavior.NEVER,
                integration_responses=[answer],
            ),
        )

    def accepted(self) -> apigateway.MethodResponse:
        """Declare the answer of an asynchronous route."""
        headers = {_HEADER + name: True for name in self._headers}
        return apigateway.MethodResponse(status_code="202", response_parameters=headers or None)

    def _alias_arn(self, function: HardenedFunction) -> str:
        if function not in self._arns:
            arn = function.alias.function_arn
            self._arns[function] = arn
            lambda_.CfnPermission(
                self._scope,
                self._permission_id(function),
                action="lambda:InvokeFunction",
                function_name=arn,
                principal="apigateway.amazonaws.com",
                source_arn=self._source(),
            )
        return self._arns[function]

    def _source(self) -> str:
        """Name every method of the deployed stage, and not the console's test calls."""
        if self._source_arn is None:
            self._source_arn = self._api.arn_for_execute_api("*", "/*", self._stage_name)
        return self._source_arn

    def _permission_id(self, function: HardenedFunction) -> str:
        """Name the permission after the function, so that its id does not depend on the order of the routes."""
        wanted = f"Invoke{function.construct_id}"
        free = wanted if wanted not in self._ids else f"{wanted}{function.node.addr[-8:]}"
        self._ids.add(free)
        return free
