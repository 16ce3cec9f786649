"""Routes of gateways that answer only when an express workflow has ended (StartSyncExecution)."""

from __future__ import annotations

from constructs_lib.policy.edges.http_api import protocol_of, route_keys
from constructs_lib.policy.edges.openapi import operations
from constructs_lib.policy.edges.rest_api import route_of, wait_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

_MACHINE = "AWS::StepFunctions::StateMachine"


class WaitingRoute:
    """A route of ``source`` that waits for a workflow: ``wait`` in seconds, ``path`` the resources from API to workflow."""

    __slots__ = ("label", "machine", "path", "source", "wait")

    def __init__(self, label: str, machine: Resource, wait: Value, *before: Resource) -> None:
        self.source, self.label, self.machine, self.wait = before[0], label, machine, wait
        self.path = tuple(dict.fromkeys(resource.id for resource in (*before, machine)))


def waiting_routes(graph: Graph) -> Iterator[WaitingRoute]:
    """List the routes of REST and HTTP APIs that start an express workflow and wait for its end."""
    for method in graph.of_type("AWS::ApiGateway::Method"):
        label = f"{method.get('HttpMethod').only} {route_of(graph, method)}"
        integration = method.get("Integration")
        wait = wait_of(integration, "TimeoutInMillis")
        for machine in _rest(graph, integration.get("Uri"), integration.get("RequestTemplates")):
            yield WaitingRoute(
                label, machine, wait, graph.designated(method.get("RestApiId")) or method, method
            )
    for api in graph.of_type("AWS::ApiGateway::RestApi"):
        for operation in operations(api.get("Body")):
            integration = operation.integration
            wait = wait_of(integration, "timeoutInMillis")
            for machine in _rest(graph, integration.get("uri"), integration.get("requestTemplates")):
                yield WaitingRoute(operation.label, machine, wait, api)
    yield from _http_apis(graph)


def _http_apis(graph: Graph) -> Iterator[WaitingRoute]:
    for integration in graph.of_type("AWS::ApiGatewayV2::Integration"):
        api = graph.designated(integration.get("ApiId"))
        wait = integration.get("TimeoutInMillis").default(protocol_of(api)[1] * 1000).numbers(0.001)
        for machine in _http(
            graph, integration.get("IntegrationSubtype"), integration.get("RequestParameters")
        ):
            label = route_keys(graph, integration) or f"integration {integration.name}"
            yield WaitingRoute(label, machine, wait, api or integration, integration)
    for api in graph.of_type("AWS::ApiGatewayV2::Api"):
        for operation in operations(api.get("Body")):
            said = operation.integration
            wait = said.get("timeoutInMillis").default(protocol_of(api)[1] * 1000).numbers(0.001)
            for machine in _http(graph, said.get("integrationSubtype"), said.get("requestParameters")):
                yield WaitingRoute(operation.label, machine, wait, api)


def _rest(graph: Graph, uri: Value, templates: Value) -> Iterator[Resource]:
    texts = [case.data for case in uri.texts().cases if isinstance(case.data, str)]
    if not any(text.endswith(":states:action/StartSyncExecution") for text in texts):
        return
    named = [graph.designated(template, _MACHINE) for _, template in templates.items()]
    found = dict.fromkeys(machine for machine in named if machine)
    if not found:
        graph.coverage.miss(templates.place, "the workflow that the request template starts is not known")
    yield from found


def _http(graph: Graph, subtype: Value, parameters: Value) -> Iterator[Resource]:
    if subtype.only != "StepFunctions-StartSyncExecution":
        return
    arn = parameters.get("StateMachineArn")
    machine = graph.designated(arn, _MACHINE)
    if machine is None:
        graph.coverage.miss(arn.place, "the workflow that the request starts is not known")
    else:
        yield machine
