"""Every integration of an API and every origin of a distribution, whatever is behind it, with how long it waits."""

from __future__ import annotations

from constructs_lib.limits import (
    CLOUDFRONT_READ_MAX,
    HTTP_API_WAIT,
    REST_EDGE_WAIT,
    REST_REGIONAL_WAIT,
    REST_STREAM_WAIT,
    WEBSOCKET_WAIT,
)
from constructs_lib.policy.edges.cloudfront import origins
from constructs_lib.policy.edges.http_api import protocol_of
from constructs_lib.policy.edges.openapi import operations
from constructs_lib.policy.edges.rest_api import route_of, wait_of
from constructs_lib.policy.services.rest_apis import endpoint_types
from constructs_lib.policy.values import Value
from constructs_lib.policy.values.cases import one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.settings import Settings
    from constructs_lib.policy.values import Resource

_REST, _HTTP = "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"


class Integration:
    """One integration, or one origin.

    Attributes:
        kind: "rest", "http", "websocket" or "cdn".
        endpoint: EDGE, REGIONAL or PRIVATE of a REST API in the templates; REGIONAL for everything else.
        label: the route or distribution in people's words: ``GET /orders``.
        wait: how long it waits, in seconds, AWS's default included.
        mode: BUFFERED or STREAM; only REST integrations stream.
        path: logical ids from the API or distribution to what wires it.
    """

    __slots__ = ("endpoint", "kind", "label", "mode", "path", "wait")

    def __init__(
        self, kind: str, endpoint: Value, label: str, wait: Value, mode: Value, path: tuple[str, ...]
    ) -> None:
        self.kind, self.endpoint, self.label = kind, endpoint, label
        self.wait, self.mode, self.path = wait, mode, path


def limit_of(kind: str, mode: str, endpoint: str, settings: Settings) -> tuple[float, str]:
    """Give the longest wait that AWS accepts, and the sentence that says so.

    Args:
        kind: as of an :class:`Integration`.
        mode: BUFFERED or STREAM.
        endpoint: EDGE, REGIONAL or PRIVATE.
        settings: they tell which quotas are raised.
    """
    fixed = {
        "http": (HTTP_API_WAIT, f"an HTTP API waits {HTTP_API_WAIT} at most"),
        "websocket": (WEBSOCKET_WAIT, f"a WebSocket API waits {WEBSOCKET_WAIT} at most"),
    }
    if kind in fixed:
        return fixed[kind]
    if kind == "cdn":
        most = settings.cloudfront_read or CLOUDFRONT_READ_MAX
        return most, f"CloudFront waits {most:g} s at most for an origin"
    return _rest_limit(mode, endpoint, settings)


def _rest_limit(mode: str, endpoint: str, settings: Settings) -> tuple[float, str]:
    if mode == "STREAM":
        return REST_STREAM_WAIT, f"a streamed response may take {REST_STREAM_WAIT} at most"
    if endpoint == "EDGE":
        return (
            REST_EDGE_WAIT,
            f"an edge-optimized API waits {REST_EDGE_WAIT} at most, and no quota raises that",
        )
    if settings.rest_wait is not None:
        return settings.rest_wait, f"the raised quota in the settings is {settings.rest_wait:g} s"
    return (
        REST_REGIONAL_WAIT,
        f"a REST API waits {REST_REGIONAL_WAIT} at most until quota L-E5AE38E3 is raised",
    )


def integrations(graph: Graph) -> Iterator[Integration]:
    """List the integrations of all APIs, written as resources or in OpenAPI bodies, and the origins."""
    yield from _rest_apis(graph)
    yield from _apis_of_version_2(graph)
    for origin in origins(graph):
        yield _plain("cdn", origin.label, origin.read, (origin.distribution.id,))


def _rest_apis(graph: Graph) -> Iterator[Integration]:
    for method in graph.of_type("AWS::ApiGateway::Method"):
        api = graph.designated(method.get("RestApiId"), _REST)
        label = f"{method.get('HttpMethod').texts().only or 'ANY'} {route_of(graph, method)}"
        yield _rest(
            api, label, method.get("Integration"), (method,), "TimeoutInMillis", "ResponseTransferMode"
        )
    for api in graph.of_type(_REST):
        for each in operations(api.get("Body")):
            yield _rest(api, each.label, each.integration, (), "timeoutInMillis", "responseTransferMode")


def _apis_of_version_2(graph: Graph) -> Iterator[Integration]:
    for integration in graph.of_type("AWS::ApiGatewayV2::Integration"):
        api = graph.designated(integration.get("ApiId"), _HTTP)
        wait = integration.get("TimeoutInMillis")
        yield _version_2(api, f"integration {integration.name}", wait, (integration,))
    for api in graph.of_type(_HTTP):
        for each in operations(api.get("Body")):
            yield _version_2(api, each.label, each.integration.get("timeoutInMillis"), ())


def _rest(
    api: Resource | None, label: str, integration: Value, hops: tuple[Resource, ...], wait: str, mode: str
) -> Integration:
    transfer = integration.get(mode).default("BUFFERED")
    endpoint = endpoint_types(api) if api else Value(one("REGIONAL"), integration.place, None)
    return Integration("rest", endpoint, label, wait_of(integration, wait), transfer, _path(api, hops))


def _version_2(api: Resource | None, label: str, wait: Value, hops: tuple[Resource, ...]) -> Integration:
    kind, default = protocol_of(api)
    return _plain(kind, label, wait.default(default * 1000).numbers(0.001), _path(api, hops))


def _plain(kind: str, label: str, wait: Value, path: tuple[str, ...]) -> Integration:
    mode, endpoint = (Value(one(text), wait.place, None) for text in ("BUFFERED", "REGIONAL"))
    return Integration(kind, endpoint, label, wait, mode, path)


def _path(api: Resource | None, hops: tuple[Resource, ...]) -> tuple[str, ...]:
    return tuple(each.id for each in ((api, *hops) if api else hops))
