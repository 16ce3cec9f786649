"""Routes, methods and URLs that nobody has to show anything for."""

from __future__ import annotations

from constructs_lib.policy.edges.openapi import operations, parsed_body
from constructs_lib.policy.services.rest_apis import rest_apis
from constructs_lib.policy.values.text import is_plain, why_all_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.services.rest_apis import Api, Method
    from constructs_lib.policy.values import Place, Resource, Value
    from constructs_lib.policy.values.cases import When

_HTTP_API = "AWS::ApiGatewayV2::Api"


class Open:
    """An API or a URL with the routes of it that are open; ``place`` is where the first of them says so.

    ``when`` is what must hold for all of them to be open; nothing if it is not the same for all.
    """

    __slots__ = ("owner", "place", "resource", "routes", "when")

    def __init__(self, owner: str, resource: Resource, routes: list[tuple[str, Place, When]]) -> None:
        self.owner, self.resource = owner, resource
        self.routes = sorted({label for label, _, _ in routes})
        _, self.place, when = routes[0]
        self.when = when if all(each == when for _, _, each in routes) else ()


def open_routes(graph: Graph) -> Iterator[Open]:
    """List the APIs and URLs that have something open."""
    for api in rest_apis(graph):
        if not _is_guarded(graph, api):
            found = [
                (method.label, method.authorization.place, when)
                for method in api.methods
                if (when := _open_when(graph, api, method)) is not None
            ]
            if found:
                yield Open(f"API {api.resource.name}", api.resource, found)
    for resource in graph.of_type(_HTTP_API):
        found = list(_http_routes(graph, resource))
        if found:
            yield Open(f"API {resource.name}", resource, found)
    for url in graph.of_type("AWS::Lambda::Url"):
        when = _says_nobody(graph, url.get("AuthType"))
        if when is not None:
            yield Open(f"function URL {url.name}", url, [("it", url.get("AuthType").place, when)])


def _is_guarded(graph: Graph, api: Api) -> bool:
    """Tell whether something in front of all methods keeps callers out, or may do so."""
    kinds = api.endpoint_types
    graph.note_unknown(kinds)
    private = any(case.data == "PRIVATE" or why_all_unknown(case.data) for case in kinds.cases)
    return (
        private
        or bool(kinds.unknown)
        or not api.resource.get("Policy").is_absent
        or not api.body.get("x-amazon-apigateway-policy").is_absent
    )


def _open_when(graph: Graph, api: Api, method: Method) -> When | None:
    """Say under which conditions a method is open; None if it never is, as far as is known."""
    kind = method.integration.get("Type" if method.is_resource else "type").only
    if method.verb == "OPTIONS" or not is_plain(method.verb) or str(kind).upper() == "MOCK":
        return None
    if method.is_resource:
        needs_key = method.value.get("ApiKeyRequired").default(data=False).flags().only
        return None if needs_key is not False else _says_nobody(graph, method.authorization.default("NONE"))
    return _no_security(graph, api.body, method.authorization)


def _http_routes(graph: Graph, api: Resource) -> Iterator[tuple[str, Place, When]]:
    """List the open routes of an HTTP or WebSocket API; of the latter only $connect can ask who calls."""
    for route in graph.naming(api, "AWS::ApiGatewayV2::Route", "ApiId"):
        key = str(route.get("RouteKey").texts().only)
        asks = api.get("ProtocolType").only != "WEBSOCKET" or key == "$connect"
        said = route.get("AuthorizationType")
        when = _says_nobody(graph, said.default("NONE"))
        if asks and not key.startswith("OPTIONS") and when is not None:
            yield key, said.place, when
    quick = api.get("Target")  # makes a route of its own that asks for nothing
    if not quick.is_absent:
        yield "$default", quick.place, ()
    body = parsed_body(api.get("Body"))
    for operation in operations(body):
        security = operation.value.get("security")
        when = _no_security(graph, body, security)
        if operation.verb != "OPTIONS" and when is not None:
            yield operation.label, security.place, when


def _no_security(graph: Graph, body: Value, security: Value) -> When | None:
    """Say when an operation lists no scheme, and neither does the whole body; None if never."""
    effective = body.get("security") if security.is_absent else security
    graph.note_unknown(effective)
    return () if effective.is_absent or effective.only in ([], [{}]) else None


def _says_nobody(graph: Graph, value: Value) -> When | None:
    graph.note_unknown(value)
    return next((case.when for case in value.cases if case.data == "NONE"), None)
