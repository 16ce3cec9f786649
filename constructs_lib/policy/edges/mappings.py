"""Event source mappings: Lambda reads queues, streams, Kafka topics and brokers."""

from __future__ import annotations

from constructs_lib.policy.graph import POLL, Edge, Target
from constructs_lib.policy.once import once
from constructs_lib.policy.values.cases import ABSENT, Case
from constructs_lib.policy.values.text import show, why_unknown
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource
    from constructs_lib.policy.values.cases import When

_SOURCES = {
    "AWS::SQS::Queue": "sqs",
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::Kinesis::StreamConsumer": "kinesis",
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::DynamoDB::GlobalTable": "dynamodb",
    "AWS::MSK::Cluster": "kafka",
    "AWS::MSK::ServerlessCluster": "kafka",
    "AWS::AmazonMQ::Broker": "mq",
    "AWS::DocDB::DBCluster": "docdb",
}
_SERVICES = {
    "sqs": "sqs",
    "kinesis": "kinesis",
    "dynamodb": "dynamodb",
    "kafka": "kafka",
    "mq": "mq",
    "rds": "docdb",
}


class Mapping:
    """One event source mapping, as it is ``when`` some conditions hold.

    ``source`` is its queue or stream, or None if that is not in the given templates.
    """

    __slots__ = ("arn", "kind", "resource", "source", "when")

    def __init__(self, graph: Graph, resource: Resource, arn: Value, when: When) -> None:
        self.resource, self.arn, self.when = resource, arn, when
        self.source = graph.designated(self.arn, *_SOURCES)
        self.kind = _SOURCES[self.source.type] if self.source else _kind(self.arn.texts().only)

    @property
    def label(self) -> str:
        """What it reads, in people's words: ``queue Orders``."""
        noun = _noun(self.kind)
        return f"{noun} {self.source.name}" if self.source else f"{noun} of mapping {self.resource.name}"

    def path(self, graph: Graph) -> tuple[str, ...]:
        """The logical ids from source to function, as far as they are known."""
        target = next(graph.invoked(self.resource.get("FunctionName"), note=False), None)
        before = (*((self.source,) if self.source else ()), self.resource, *(target.hops if target else ()))
        return (*(resource.id for resource in before), *((target.function.id,) if target else ()))


@once
def mappings(graph: Graph, *kinds: str) -> list[Mapping]:
    """List the mappings of some kinds of sources, or all, once for each source that conditions give them.

    Those of which the function is not known are listed too.
    """
    if kinds:
        return [mapping for mapping in mappings(graph) if mapping.kind in kinds]
    found = []
    for resource in graph.of_type("AWS::Lambda::EventSourceMapping"):
        arn = resource.get("EventSourceArn")
        cases = [case for case in arn.cases if case.data is not ABSENT] or arn.cases
        found += [
            Mapping(graph, resource, Value((Case(case.data),), arn.place, arn.stack), case.when)
            for case in cases
        ]
    return found


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from queues and streams to functions; the mapping itself is the second on the path."""
    for mapping in mappings(graph):
        resource, source = mapping.resource, mapping.source
        if source is None and not mapping.arn.is_absent:
            _note_outside(graph, mapping.arn)
        for target in graph.invoked(resource.get("FunctionName")):
            when = graph.system.together(target.when, mapping.when)
            if when is None:
                continue
            yield Edge(
                mapping.kind,
                POLL,
                source or resource,
                Target(target.function, target.qualifier, target.hops, when),
                resource.place,
                label=mapping.label,
                hops=(resource,),
                details=resource.value,
            )


def _note_outside(graph: Graph, arn: Value) -> None:
    text = arn.texts().only
    known = isinstance(text, str)
    outside = f"{show(text)} is not in the given templates" if known else "unknown source"
    graph.coverage.miss(arn.place, (why_unknown(text) if known else None) or outside)


def queue_of(edge: Edge) -> Resource | None:
    """Give the queue that an "sqs" edge starts at, or None if it is not in the given templates."""
    return edge.source if edge.source.type == "AWS::SQS::Queue" else None


def _kind(text: object) -> str:
    parts = text.split(":") if isinstance(text, str) else []
    return _SERVICES.get(parts[2], "mapping") if len(parts) > 2 else "mapping"  # noqa: PLR2004 - arn:partition:service


def _noun(kind: str) -> str:
    return {"sqs": "queue", "kinesis": "stream", "dynamodb": "table stream", "mapping": "source"}.get(
        kind, kind
    )
