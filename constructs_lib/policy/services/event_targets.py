"""Targets of EventBridge rules, schedules and pipes, and where their undelivered events go."""

from __future__ import annotations

from constructs_lib.limits import EVENT_TARGET_AGE_DEFAULT, EVENT_TARGET_RETRIES_DEFAULT
from constructs_lib.policy.services.warmers import only_warms
from constructs_lib.policy.values.text import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

_STREAMS = {"kinesis": "KinesisStreamParameters", "dynamodb": "DynamoDBStreamParameters"}
_SERVICES = {
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::DynamoDB::GlobalTable": "dynamodb",
}
_DELIVERY = (
    f"an event that it does not take is dropped after {EVENT_TARGET_AGE_DEFAULT} or "
    f"{EVENT_TARGET_RETRIES_DEFAULT}, unnoticed"
)


class EventTarget:
    """One target: what sends to it, and ``dead_letters``, the ARN of where undelivered events go."""

    __slots__ = ("dead_letters", "harm", "label", "name", "path")

    def __init__(
        self, graph: Graph, sender: Resource, noun: str, arn: Value, dead_letters: Value, harm: str
    ) -> None:
        self.label, self.dead_letters, self.harm = f"{noun} {sender.name}", dead_letters, harm
        receiver = graph.designated(arn)
        self.name = named(graph, arn)
        self.path = (sender.id, *([receiver.id] if receiver else []))


def named(graph: Graph, arn: Value) -> str:
    """Name what an ARN designates: the resource, or the ARN itself if it is not in the given templates."""
    receiver, text = graph.designated(arn), arn.texts().only
    return receiver.name if receiver else show(text) if isinstance(text, str) else "its target"


def event_targets(graph: Graph) -> Iterator[EventTarget]:
    """List the targets that can have a dead-letter queue; those that are only kept warm need none."""
    for rule in graph.of_type("AWS::Events::Rule"):
        for target in rule.get("Targets").elements():
            if only_warms(graph, target):
                continue
            dead_letters = target.get("DeadLetterConfig", "Arn")
            yield EventTarget(graph, rule, "Rule", target.get("Arn"), dead_letters, _DELIVERY)
    for schedule in graph.of_type("AWS::Scheduler::Schedule"):
        target = schedule.get("Target")
        if only_warms(graph, target):
            continue
        dead_letters = target.get("DeadLetterConfig", "Arn")
        yield EventTarget(graph, schedule, "Schedule", target.get("Arn"), dead_letters, _DELIVERY)
    for pipe in graph.of_type("AWS::Pipes::Pipe"):
        key = _stream_parameters(graph, pipe)
        if key is None:
            continue
        dead_letters = pipe.get("SourceParameters", key, "DeadLetterConfig", "Arn")
        harm = "a record that it keeps refusing blocks its shard or is dropped, unnoticed"
        yield EventTarget(graph, pipe, "Pipe", pipe.get("Target"), dead_letters, harm)


def _stream_parameters(graph: Graph, pipe: Resource) -> str | None:
    """Name the parameters of a pipe's source if it is a stream; only those can have a dead-letter queue."""
    source = pipe.get("Source")
    found = graph.designated(source)
    if found:
        return _STREAMS.get(_SERVICES.get(found.type, ""))
    for key in _STREAMS.values():
        if not pipe.get("SourceParameters", key).is_absent:
            return key
    text = source.texts().only
    return _STREAMS.get(text.split(":")[2]) if isinstance(text, str) and text.count(":") > 2 else None  # noqa: PLR2004 - arn:partition:service
