"""The stage's method settings: throttling, metrics, and a cache for exactly the routes that ask for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_apigateway as apigateway
from aws_cdk.aws_apigateway import CfnStage, MethodLoggingLevel

if TYPE_CHECKING:
    from constructs_lib.api.routes import Route


class StageSettings:
    """Writes one method setting per route that differs from the stage's.

    A method's entry replaces the stage's as a whole, so each states everything. Once the stage has a cache, every GET
    route has an entry: CloudFormation leaves a cache on where its setting merely disappears (coverage-roadmap 2231).
    """

    def __init__(
        self,
        api: apigateway.RestApi,
        throttle: tuple[float, int],
        logging: MethodLoggingLevel,
        cache_size: str,
    ) -> None:
        self._api, self._throttle, self._logging, self._cache_size = api, throttle, logging, cache_size
        self._routes: list[Route] = []
        self._stage: CfnStage | None = None

    def add(self, route: Route) -> None:
        """Take a route in, and write the settings where they change."""
        self._routes.append(route)
        cached = any(each.cache_ttl for each in self._routes)
        if not (route.cache_ttl or route.throttle or (cached and route.method == "GET")):
            return
        stage = self._cfn_stage()
        if route.cache_ttl:
            stage.cache_cluster_enabled = True
            stage.cache_cluster_size = self._cache_size
        stage.method_settings = [
            self._default(),
            *(
                self._setting(each)
                for each in self._routes
                if each.cache_ttl or each.throttle or (cached and each.method == "GET")
            ),
        ]

    def _cfn_stage(self) -> CfnStage:
        if self._stage is None:
            found = self._api.deployment_stage.node.default_child
            assert isinstance(found, CfnStage)
            self._stage = found
        return self._stage

    def _default(self) -> CfnStage.MethodSettingProperty:
        return self._property("*", "/*", self._throttle, None)

    def _setting(self, route: Route) -> CfnStage.MethodSettingProperty:
        return self._property(
            route.method, escaped(route.path), route.throttle or self._throttle, route.cache_ttl
        )

    def _property(
        self, method: str, path: str, throttle: tuple[float, int], ttl: int | None
    ) -> CfnStage.MethodSettingProperty:
        return CfnStage.MethodSettingProperty(
            http_method=method,
            resource_path=path,
            throttling_rate_limit=throttle[0],
            throttling_burst_limit=throttle[1],
            metrics_enabled=True,
            logging_level=self._logging.value,
            data_trace_enabled=False,
            caching_enabled=ttl is not None,
            cache_ttl_in_seconds=ttl,
            cache_data_encrypted=True if ttl is not None else None,
        )


def escaped(path: str) -> str:
    """Write a path as a method setting names it: inner slashes as ``~1``, the first one followed by ``~1``.

    Example:
        >>> escaped("/"), escaped("/orders/{id}")
        ('/', '/~1orders~1{id}')
    """
    return path if path == "/" else f"/{path.replace('/', '~1')}"
