"""EventBridge rules, Scheduler, Pipes and IoT rules."""

from __future__ import annotations

from constructs_lib.policy.edges.embedded import parsed
from constructs_lib.policy.edges.qualifiers import qualified
from constructs_lib.policy.graph import ASYNC, SYNC, Edge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from rules, schedules and pipes to functions."""
    for rule in graph.of_type("AWS::Events::Rule"):
        for target in rule.get("Targets").elements():
            arn = target.get("Arn")
            for found in graph.invoked(arn):
                yield Edge("events", ASYNC, rule, found, arn.place, label=f"rule {rule.name}", details=target)
    for schedule in graph.of_type("AWS::Scheduler::Schedule"):
        yield from _schedule(graph, schedule)
    for pipe in graph.of_type("AWS::Pipes::Pipe"):
        yield from _pipe(graph, pipe)
    for rule in graph.of_type("AWS::IoT::TopicRule"):
        payload = rule.get("TopicRulePayload")
        for action in (*payload.get("Actions").elements(), payload.get("ErrorAction")):
            arn = action.get("Lambda", "FunctionArn")
            for found in graph.invoked(arn):
                yield Edge(
                    "iot", ASYNC, rule, found, arn.place, label=f"IoT rule {rule.name}", details=action
                )


def _schedule(graph: Graph, schedule: Resource) -> Iterator[Edge]:
    target = schedule.get("Target")
    arn, qualifier, mode = target.get("Arn"), target.get("Qualifier"), ASYNC
    text = arn.texts().only
    if isinstance(text, str) and text.endswith(":aws-sdk:lambda:invoke"):
        call = parsed(target.get("Input"))
        arn, qualifier = call.get("FunctionName"), call.get("Qualifier")
        mode = ASYNC if call.get("InvocationType").only == "Event" else SYNC
    for found in qualified(graph, arn, qualifier):
        yield Edge(
            "scheduler", mode, schedule, found, arn.place, label=f"schedule {schedule.name}", details=target
        )


def _pipe(graph: Graph, pipe: Resource) -> Iterator[Edge]:
    source = graph.designated(pipe.get("Source")) or pipe
    hops = (pipe,) if source is not pipe else ()
    for key, parameters in (("Enrichment", "EnrichmentParameters"), ("Target", "TargetParameters")):
        arn = pipe.get(key)
        invocation = pipe.get(parameters, "LambdaFunctionParameters", "InvocationType").only
        mode = ASYNC if invocation == "FIRE_AND_FORGET" else SYNC
        for found in graph.invoked(arn):
            label = f"pipe {pipe.name}"
            yield Edge("pipe", mode, source, found, arn.place, label=label, hops=hops, details=pipe.value)
