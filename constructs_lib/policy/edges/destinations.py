"""Destinations: a function's asynchronous result, or its failed event, handed on to another function."""

from __future__ import annotations

from constructs_lib.policy.graph import ASYNC, Edge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_KINDS = {"OnSuccess": "on-success", "OnFailure": "on-failure"}


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from functions to those that take what they answer, or what they failed on."""
    for configuration in graph.of_type("AWS::Lambda::EventInvokeConfig"):
        source = next(graph.invoked(configuration.get("FunctionName"), note=False), None)
        for key, kind in _KINDS.items():
            arn = configuration.get("DestinationConfig", key, "Destination")
            for target in graph.invoked(arn, note=False):  # most lead to queues and topics
                caller = source.function.resource if source else configuration
                label = f"{caller.name} ({kind} destination)"
                hops = (configuration,) if source else ()
                yield Edge(kind, ASYNC, caller, target, arn.place, label=label, hops=hops)
