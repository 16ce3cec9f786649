"""A graph as plain data: functions, edges, how long each waits. Drawings and ``constructs-lib graph`` start from it."""

from __future__ import annotations

from constructs_lib.policy.services.links import links
from constructs_lib.policy.values.cases import ABSENT, Unknown
from constructs_lib.policy.values.text import show
from constructs_lib.timeouts.inequalities import call_worst_case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.function import Call, Function
    from constructs_lib.policy.graph import Edge, Graph
    from constructs_lib.policy.services.links import Link
    from constructs_lib.policy.values import Resource, Value

    Numbers = list[dict[str, Any]]

KINDS = {
    "rest": "REST API",
    "http": "HTTP API",
    "websocket": "WebSocket API",
    "sqs": "queue",
    "states": "state machine",
    "sns": "topic",
    "s3": "bucket",
    "events": "event rule",
    "scheduler": "schedule",
    "invoke": "function",
    "url": "function URL",
    "cognito": "user pool",
    "cdn": "distribution",
    "alb": "load balancer",
    "custom": "custom resource",
    "kinesis": "stream",
    "dynamodb": "table stream",
    "kafka": "Kafka topic",
    "appsync": "GraphQL API",
    "edge": "distribution",
    "iot": "IoT rule",
    "pipe": "pipe",
    "logs": "log group",
}
"""What people call the caller of an edge, by the edge's kind."""
_LINKED = {
    "AWS::ApiGateway::RestApi": "rest",
    "AWS::ApiGatewayV2::Api": "http",
    "AWS::CloudFront::Distribution": "cdn",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "alb",
    "AWS::StepFunctions::StateMachine": "states",
}
_IN_THE_LABEL = (
    "::Method",
    "::Route",
    "::Authorizer",
    "::Integration",
)  # resources that an edge's label already names


def picture(graph: Graph) -> dict[str, Any]:
    """Give a graph as plain data; ``links`` are waits for what is no function, and otherwise like ``edges``.

    Every duration is a list of what it may be: ``{"value": 10.0, "unknown": None, "when": "If IsProd"}``, in seconds. The
    keys of resources are unique in the system; logical ids need not be.
    """
    files = dict.fromkeys(stack.template.file for stack in graph.system.stacks)
    return {
        "files": list(files),
        "functions": [_function(function) for function in graph.functions.values()],
        "edges": [edge_data(edge) for edge in graph.edges],
        "links": [_link(link) for link in links(graph)],
        "queue_factor": graph.settings.queue_factor,
    }


def numbers(value: Value | None) -> Numbers:
    """List what a number may be; nothing if it is not there at all."""
    found = []
    for case in value.cases if value is not None else ():
        if case.data is ABSENT:
            continue
        unknown = case.data.reason if isinstance(case.data, Unknown) else None
        when = " and ".join(_condition(name, wanted) for name, wanted in case.when)
        found.append({"value": None if unknown else case.data, "unknown": unknown, "when": when})
    return found


def amount(cases: Numbers) -> str | None:
    """Write a duration for people: ``10 s``, ``10 or 20 s``, ``unknown``; None if there is none."""
    known = dict.fromkeys(f"{case['value']:.10g}" for case in cases if case["unknown"] is None)
    if not cases:
        return None
    return f"{' or '.join(known)} s" if known else "unknown"


def steps(edge: dict[str, Any]) -> list[str]:
    """Name what an edge passes, the caller first: ``GET /orders``, ``alias live``, ``Orders``."""
    return [edge["label"], *(hop["name"] for hop in edge["hops"] if hop["shown"]), edge["callee_name"]]


def _condition(name: str, wanted: object) -> str:
    name = name.rpartition("/")[2]
    return f"{'' if wanted else 'not '}{name}" if isinstance(wanted, bool) else f"{name} is {wanted}"


def _key(resource: Resource) -> str:
    return f"{resource.stack.index}/{resource.id}"


def _function(function: Function) -> dict[str, Any]:
    resource = function.resource
    return {
        "key": _key(resource),
        "id": resource.id,
        "name": function.name,
        "construct_path": resource.construct_path,
        "file": resource.place.file,
        "timeout": numbers(function.timeout),
        "memory": numbers(function.memory),
        "reserved": numbers(function.reserved),
        "provisioned": [
            {"qualifier": show(p.qualifier), "amount": numbers(p.amount)} for p in function.provisioned
        ],
        "init": function.init,
        "init_evidence": function.init_evidence if function.init is not None else None,
        "init_repeats": function.resets_after_timeout,
        "calls": [_call(call) for call in function.calls],
    }


def _call(call: Call) -> dict[str, Any]:
    known = [value.only for value in call.numbers]
    complete = all(isinstance(number, float) for number in known)
    return {
        "name": call.name,
        "connect": numbers(call.connect),
        "read": numbers(call.read),
        "attempts": numbers(call.attempts),
        "backoff": numbers(call.backoff),
        "worst": call_worst_case(*known) if complete else None,
    }


def edge_data(edge: Edge) -> dict[str, Any]:
    """Give one edge as plain data."""
    return {
        "kind": edge.kind,
        "mode": edge.mode,
        "label": f"{edge.source.name}: {edge.label}" if edge.kind == "states" else edge.label,
        "source": _key(edge.source),
        "source_id": edge.source.id,
        "source_name": edge.source.name,
        "source_type": edge.source.type,
        "target": _key(edge.function.resource),
        "function_id": edge.function.id,
        "qualifier": None if edge.qualifier is None else show(edge.qualifier),
        "callee": edge.callee,
        "callee_name": edge.function.name,
        "hops": [_hop(hop) for hop in edge.hops],
        "path": list(edge.path),
        "file": edge.at.file,
        "wait": numbers(_wait(edge)),
        "timeout": numbers(edge.function.timeout),
    }


def _link(link: Link) -> dict[str, Any]:
    """Give a wait for something that is no function: what an edge says, with the kind of the target."""
    return {
        "kind": _LINKED.get(link.source.type, "rest"),
        "mode": "sync",
        "label": link.label,
        "source": _key(link.source),
        "source_name": link.source.name,
        "target": _key(link.target),
        "target_kind": _LINKED[link.target.type],
        "callee": link.target.name,
        "callee_name": link.target.name,
        "hops": [],
        "path": list(link.path),
        "wait": numbers(link.wait),
        "timeout": [{"value": link.runs, "unknown": None, "when": ""}] if link.runs else [],
    }


def _wait(edge: Edge) -> Value | None:
    """How long the caller leaves the function alone: its own wait, or for a queue the visibility timeout."""
    if edge.kind == "sqs" and edge.source.type == "AWS::SQS::Queue":
        from constructs_lib.limits import SQS_VISIBILITY_DEFAULT  # noqa: PLC0415 - few graphs have queues

        return edge.source.get("VisibilityTimeout").default(float(SQS_VISIBILITY_DEFAULT)).numbers()
    return edge.wait


def _hop(hop: Resource) -> dict[str, Any]:
    shown = not hop.type.endswith(_IN_THE_LABEL)
    name = hop.name
    if hop.type == "AWS::Lambda::Alias":
        alias = hop.get("Name").texts().only
        name = f"alias {show(alias)}" if isinstance(alias, str) else f"alias {name}"
    elif hop.type == "AWS::Lambda::Version":
        name = f"version {name}"
    elif hop.type == "AWS::Lambda::EventSourceMapping":
        name = "mapping"
    return {"id": hop.id, "type": hop.type, "name": name, "shown": shown}
