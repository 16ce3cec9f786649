"""The stage's method settings: throttling, metrics, and a cache for exactly the routes that ask for one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import aws_apigateway as apigateway
from aws_cdk.aws_apigateway import CfnStage, MethodLoggingLevel

from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from constructs_lib.api.routes import Route


_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")  # apigw-dg/set-up-stages


def check_stage_name(subject: str, name: str, *others: str) -> None:
    """Refuse a name that API Gateway takes for no stage; ``others`` are taken too.

    Raises:
        RefusedError: a character or a length that it does not take.
    """
    if not is_token(name) and name not in others and not _NAME.fullmatch(str(name or "")):
        raise RefusedError(
            f"{subject}: stage_name",
            got=repr(name),
            allowed=", ".join([*others, "1 to 128 letters (A-Z, a-z), digits, - and _"]),
            fix='"live"',
        )


class StageSettings:
    """Writes one method setting per route that differs from the stage's.

    A method's entry replaces the stage's as a whole, so each states everything. Once the stage has a cache, every GET
    route has an entry: CloudFormation leaves a cache on where its setting merely disappears
    (aws-cloudformation/cloudformation-coverage-roadmap 2231).

    Who may invalidate an entry is not for CloudFormation to say (MethodSetting has no such property). API Gateway's
    own default is the safe one: without ``execute-api:InvalidateCache`` a ``Cache-Control: max-age=0`` is ignored and
    answered with a warning header (aws/serverless-application-model 788).
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
        self._cached = False
        self._stage: CfnStage | None = None

    def add(self, route: Route) -> None:
        """Take a route in, and write the settings where they change."""
        self._routes.append(route)
        self._cached = self._cached or route.cache_ttl is not None
        if not self._has_entry(route):
            return
        stage = self._cfn_stage()
        if route.cache_ttl is not None:
            stage.cache_cluster_enabled = True
            stage.cache_cluster_size = self._cache_size
        entries = [self._setting(each) for each in self._routes if self._has_entry(each)]
        stage.method_settings = [self._property("*", "/*", self._throttle, None), *entries]

    def _has_entry(self, route: Route) -> bool:
        return route.throttle is not None or (self._cached and route.method == "GET")

    def _cfn_stage(self) -> CfnStage:
        if self._stage is None:
            found = self._api.deployment_stage.node.default_child
            assert isinstance(found, CfnStage)
            self._stage = found
        return self._stage

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
