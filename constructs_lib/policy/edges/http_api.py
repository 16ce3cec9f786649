"""HTTP and WebSocket APIs: integrations with their routes, quick-create targets, OpenAPI bodies, authorizers."""

from __future__ import annotations

from constructs_lib.limits import HTTP_API_AUTHORIZER_WAIT, HTTP_API_WAIT, WEBSOCKET_WAIT
from constructs_lib.policy.edges.function_url import reached
from constructs_lib.policy.edges.openapi import authorizers, note_hidden, operations
from constructs_lib.policy.edges.rest_api import is_event
from constructs_lib.policy.edges.stage_variables import in_stages
from constructs_lib.policy.graph import ASYNC, SYNC, Edge
from constructs_lib.policy.once import once
from constructs_lib.policy.values.cases import one
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_API = "AWS::ApiGatewayV2::Api"


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from HTTP and WebSocket APIs to functions."""
    for integration in graph.of_type("AWS::ApiGatewayV2::Integration"):
        yield from _integration(graph, integration)
    for api in graph.of_type(_API):
        yield from _api(graph, api)
    for authorizer in graph.of_type("AWS::ApiGatewayV2::Authorizer"):
        owner = graph.designated(authorizer.get("ApiId"), _API)
        uri = authorizer.get("AuthorizerUri")
        yield from _authorizer(graph, owner, uri, authorizer.name, (authorizer,))


@once
def _routes(graph: Graph) -> dict[Resource, list[Resource]]:
    """Index the routes by the integration that they target."""
    found: dict[Resource, list[Resource]] = {}
    for route in graph.of_type("AWS::ApiGatewayV2::Route"):
        integration = graph.designated(route.get("Target"), "AWS::ApiGatewayV2::Integration")
        if integration is not None:
            found.setdefault(integration, []).append(route)
    return found


def route_keys(graph: Graph, integration: Resource) -> str:
    """Name the routes that lead to an integration: ``GET /orders, POST /orders``; empty if no known one does."""
    keys = [route.get("RouteKey").texts().only for route in _routes(graph).get(integration, ())]
    return ", ".join(key for key in keys if isinstance(key, str))


def _integration(graph: Graph, integration: Resource) -> Iterator[Edge]:
    api = graph.designated(integration.get("ApiId"), _API)
    kind, default = protocol_of(api)
    wait = integration.get("TimeoutInMillis").default(default * 1000).numbers(0.001)
    label = route_keys(graph, integration) or integration.name
    first_route = _routes(graph).get(integration, ())[:1]
    at_once = is_event(integration.get("RequestParameters"))
    for target in reached(graph, in_stages(graph, api, integration.get("IntegrationUri"))):
        yield Edge(
            kind,
            ASYNC if at_once else SYNC,
            api or integration,
            target,
            integration.place,
            label=label,
            hops=(*first_route, integration),
            wait=None if at_once else wait,
            details=integration.value,
        )


def _api(graph: Graph, api: Resource) -> Iterator[Edge]:
    kind, default = protocol_of(api)
    quick = api.get("Target")
    for target in reached(graph, quick):
        wait = _quick_wait(graph, api, default)
        yield Edge(kind, SYNC, api, target, quick.place, label="$default", wait=wait, details=api.value)
    location = api.get("BodyS3Location")
    if not location.is_absent:
        graph.coverage.miss(location.place, "the API's definition is in S3")
    note_hidden(graph, api.get("Body"))
    for operation in operations(api.get("Body")):
        integration = operation.integration
        wait = integration.get("timeoutInMillis").default(default * 1000).numbers(0.001)
        for target in reached(graph, in_stages(graph, api, integration.get("uri"))):
            place = integration.place
            label = operation.label
            yield Edge(kind, SYNC, api, target, place, label=label, wait=wait, details=integration)
    for name, uri in authorizers(api.get("Body")):
        yield from _authorizer(graph, api, uri, name, ())


def _quick_wait(graph: Graph, api: Resource, default: float) -> Value:
    """Read how long a quick-created integration waits, which only a resource of its own can change."""
    for overrides in graph.naming(api, "AWS::ApiGatewayV2::ApiGatewayManagedOverrides", "ApiId"):
        return overrides.get("Integration", "TimeoutInMillis").default(default * 1000).numbers(0.001)
    return Value(one(default), api.get("Target").place, None)


def _authorizer(
    graph: Graph, api: Resource | None, uri: Value, name: str, hops: tuple[Resource, ...]
) -> Iterator[Edge]:
    """List the edges from an authorizer; only for HTTP APIs does AWS state a limit of its own."""
    kind, integration = protocol_of(api)
    wait = Value(one(float(HTTP_API_AUTHORIZER_WAIT) if kind == "http" else integration), uri.place, None)
    for target in graph.invoked(uri):
        source = api or hops[0]
        label = f"authorizer {name}"
        yield Edge(f"{kind}-authorizer", SYNC, source, target, uri.place, label=label, hops=hops, wait=wait)


def protocol_of(api: Resource | None) -> tuple[str, float]:
    """Tell an API's kind of edge, and how long it waits where nothing is said."""
    if api is not None and api.get("ProtocolType").only == "WEBSOCKET":
        return "websocket", float(WEBSOCKET_WAIT)
    return "http", float(HTTP_API_WAIT)
