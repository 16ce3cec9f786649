"""REST APIs: methods, OpenAPI bodies, Lambda authorizers."""

from __future__ import annotations

from constructs_lib.limits import REST_AUTHORIZER_WAIT, REST_REGIONAL_WAIT
from constructs_lib.policy.edges.function_url import reached
from constructs_lib.policy.edges.openapi import authorizers, note_hidden, operations
from constructs_lib.policy.edges.stage_variables import in_stages
from constructs_lib.policy.graph import ASYNC, SYNC, Edge
from constructs_lib.policy.values.cases import Unknown, one
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_INVOCATION_TYPE = "integration.request.header.x-amz-invocation-type"


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from REST APIs to functions."""
    for method in graph.of_type("AWS::ApiGateway::Method"):
        yield from _method(graph, method)
    for api in graph.of_type("AWS::ApiGateway::RestApi"):
        yield from _body(graph, api)
        for name, uri in authorizers(api.get("Body")):
            yield from _authorizer(graph, api, uri, name, ())
    for authorizer in graph.of_type("AWS::ApiGateway::Authorizer"):
        owner = graph.designated(authorizer.get("RestApiId")) or authorizer
        yield from _authorizer(graph, owner, authorizer.get("AuthorizerUri"), authorizer.name, (authorizer,))


def _authorizer(
    graph: Graph, api: Resource, uri: Value, name: str, hops: tuple[Resource, ...]
) -> Iterator[Edge]:
    wait = Value(one(float(REST_AUTHORIZER_WAIT)), uri.place, None)
    for target in graph.invoked(uri):
        label = f"authorizer {name}"
        yield Edge("rest-authorizer", SYNC, api, target, uri.place, label=label, hops=hops, wait=wait)


def _method(graph: Graph, method: Resource) -> Iterator[Edge]:
    integration = method.get("Integration")
    api = graph.designated(method.get("RestApiId"), "AWS::ApiGateway::RestApi") or method
    verb = method.get("HttpMethod").texts().only
    label = f"{verb if isinstance(verb, str) else 'ANY'} {route_of(graph, method)}"
    yield from _integration(graph, api, integration, label, (method,))


def _body(graph: Graph, api: Resource) -> Iterator[Edge]:
    location = api.get("BodyS3Location")
    if not location.is_absent:
        graph.coverage.miss(location.place, "the API's definition is in S3")
    note_hidden(graph, api.get("Body"))
    for operation in operations(api.get("Body")):
        yield from _integration(graph, api, operation.integration, operation.label, ())


def _integration(
    graph: Graph, api: Resource, integration: Value, label: str, hops: tuple[Resource, ...]
) -> Iterator[Edge]:
    def named(key: str) -> str:
        return key if hops else key[0].lower() + key[1:]  # a body writes them as OpenAPI does

    uri = in_stages(graph, api, integration.get(named("Uri")))
    mode = ASYNC if is_event(integration.get(named("RequestParameters"))) else SYNC
    if str(integration.get(named("Type")).only).upper() == "MOCK":
        return
    wait = wait_of(integration, named("TimeoutInMillis")) if mode == SYNC else None
    at, details = integration.place, integration
    for target in reached(graph, uri):
        yield Edge("rest", mode, api, target, at, label=label, hops=hops, wait=wait, details=details)


def wait_of(integration: Value, key: str) -> Value:
    """Read how long a REST integration waits, in seconds; 29 where it is not said.

    A streamed response may be given up to 15 minutes, but AWS does not say what applies when nothing is set.
    """
    wait = integration.get(key)
    modes = (integration.get(name) for name in ("ResponseTransferMode", "responseTransferMode"))
    streams = any(case.data == "STREAM" for mode in modes for case in mode.cases)
    if wait.is_absent and streams:
        return Value(
            one(Unknown("a streamed response without a timeout: AWS does not say how long it may take")),
            wait.place,
            None,
        )
    return wait.default(float(REST_REGIONAL_WAIT) * 1000).numbers(0.001)


def is_event(parameters: Value) -> bool:
    """Tell whether an integration invokes asynchronously: API Gateway then answers at once."""
    return any(
        case.data in {"'Event'", "Event"}
        for name, value in parameters.items()
        if name.lower() == _INVOCATION_TYPE
        for case in value.cases
        if type(case.data) is str
    )


def route_of(graph: Graph, method: Resource) -> str:
    """Write the path of a method: ``/orders/{id}``."""
    parts: list[str] = []
    here = graph.designated(method.get("ResourceId"), "AWS::ApiGateway::Resource")
    while here is not None and len(parts) < 30:  # noqa: PLR2004 - a loop of parents must end
        part = here.get("PathPart").texts().only
        parts.insert(0, part if isinstance(part, str) else "...")
        here = graph.designated(here.get("ParentId"), "AWS::ApiGateway::Resource")
    return "/" + "/".join(parts)
