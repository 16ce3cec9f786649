"""What a stage of an HTTP or WebSocket API says of its routes: throttling, metrics and the access log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import ArnFormat, Stack
from aws_cdk.aws_apigatewayv2 import CfnStage

if TYPE_CHECKING:
    from aws_cdk import aws_logs as logs
    from aws_cdk.aws_apigatewayv2 import HttpRoute, HttpStage, WebSocketRoute, WebSocketStage

    from constructs_lib.api.throttle import Limits


class RouteSettings:
    """Writes the stage's settings, and those of the routes that differ.

    A route's entry replaces the stage's as a whole, so each states everything. API Gateway refuses a stage that names
    a route which is not there yet ("Unable to find Route by key"), so the stage waits for exactly these routes.
    """

    def __init__(self, stage: HttpStage | WebSocketStage, throttle: Limits, **more: object) -> None:
        self._stage, self._more = stage, more
        found = stage.node.default_child
        assert isinstance(found, CfnStage)
        self._cfn_stage = found
        self._routes: dict[str, dict[str, object]] = {}
        self._cfn_stage.default_route_settings = CfnStage.RouteSettingsProperty(**self._entry(throttle))

    def log_to(self, group: logs.ILogGroup, line: str) -> None:
        """Write a line per request."""
        # The group's own attribute ends in :*, which API Gateway drops, so that drift would be reported for ever.
        arn = Stack.of(group).format_arn(
            service="logs",
            resource="log-group",
            resource_name=group.log_group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self._cfn_stage.access_log_settings = CfnStage.AccessLogSettingsProperty(
            destination_arn=arn, format=line
        )

    def add(self, key: str, route: HttpRoute | WebSocketRoute, throttle: Limits | None) -> None:
        """Give a route its own throttle, if it has one."""
        if throttle is None:
            return
        # CDK takes the routes' entries as raw JSON, under the template's own names.
        self._routes[key] = {_written(name): value for name, value in self._entry(throttle).items()}
        self._cfn_stage.route_settings = self._routes
        resource = route.node.default_child
        assert resource is not None
        self._stage.node.add_dependency(resource)

    def _entry(self, throttle: Limits) -> dict[str, Any]:
        return {
            "throttling_rate_limit": throttle[0],
            "throttling_burst_limit": throttle[1],
            "detailed_metrics_enabled": True,
            **self._more,
        }


def _written(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
