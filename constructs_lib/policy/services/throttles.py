"""Throttles of API stages: how many requests per second a stage lets through to which function."""

from __future__ import annotations

from constructs_lib.policy.edges.rest_api import is_event
from constructs_lib.policy.graph import SYNC
from constructs_lib.policy.services.rest_apis import rest_apis
from constructs_lib.policy.services.stages import stages_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.services.rest_apis import Api, Method
    from constructs_lib.policy.values import Resource, Value
    from constructs_lib.policy.values.cases import When

RATE, BURST = "ThrottlingRateLimit", "ThrottlingBurstLimit"
_API, _STAGE = "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"


class Throttle:
    """A rate at which a stage lets requests of one method or route through to a function that it waits for."""

    __slots__ = ("function", "label", "path", "rate", "stage", "when")

    def __init__(
        self, rate: Value, label: str, stage: Resource, function: Function, path: tuple[str, ...], when: When
    ) -> None:
        self.rate, self.label, self.stage = rate.numbers(), label, stage
        self.function, self.path, self.when = function, path, when


def throttles(graph: Graph) -> Iterator[Throttle]:
    """List the throttles that stages set, of REST and HTTP APIs."""
    for api in rest_apis(graph):
        for stage in stages_of(graph, api):
            if not has_throttle(stage.value):
                continue
            for method in api.methods:
                rate, _ = stage.says(method, RATE)
                if not rate.is_absent:
                    yield from throttled_by(graph, rate, method.label, api, stage.resource, method)
    for resource in graph.of_type(_STAGE):
        yield from _of_routes(graph, resource)


def throttled_by(
    graph: Graph, rate: Value, label: str, api: Api, stage: Resource, method: Method
) -> Iterator[Throttle]:
    """Say for each function that a method waits for that a rate lets requests through to it."""
    if is_event(method.integration.get(method.named("RequestParameters"))):
        return
    for target in graph.invoked(method.integration.get(method.named("Uri")), note=False):
        ids = (api.id, stage.id, method.resource.id, *(hop.id for hop in target.hops))
        path = tuple(dict.fromkeys((*ids, target.function.id)))
        yield Throttle(rate, label, stage, target.function, path, target.when)


def _of_routes(graph: Graph, stage: Resource) -> Iterator[Throttle]:
    api = graph.designated(stage.get("ApiId"), _API)
    for edge in graph.edges_of("http", "websocket") if has_throttle(stage.value) else ():
        if edge.source is not api or edge.mode != SYNC:
            continue
        for key in edge.label.split(", "):
            rate = stage.get("RouteSettings", key, RATE)
            rate = stage.get("DefaultRouteSettings", RATE) if rate.is_absent else rate
            if not rate.is_absent:
                yield Throttle(
                    rate, key, stage, edge.function, (edge.source.id, stage.id, *edge.path[1:]), edge.when
                )


def has_throttle(stage: Value) -> bool:
    """Tell whether a stage sets a rate or a burst for any of its methods or routes, or may do so unseen."""
    entries = [
        stage,
        *stage.get("MethodSettings").elements(),
        stage.get("DefaultRouteSettings"),
        *(value for _, value in stage.get("RouteSettings").items()),
    ]
    return any(not entry.get(name).is_absent for entry in entries for name in (RATE, BURST))
