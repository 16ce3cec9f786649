"""Event source mappings: Lambda reads queues, streams, Kafka topics and brokers."""

from __future__ import annotations

from constructs_lib.policy.graph import POLL, Edge
from constructs_lib.policy.values.text import show, why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

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


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from queues and streams to functions; the mapping itself is the second on the path."""
    for mapping in graph.of_type("AWS::Lambda::EventSourceMapping"):
        arn = mapping.get("EventSourceArn")
        source = graph.designated(arn, *_SOURCES)
        kind = _SOURCES[source.type] if source else _kind(arn.texts().only)
        if source is None and not arn.is_absent:
            text = arn.texts().only
            outside = (
                f"{show(text)} is not in the given templates" if isinstance(text, str) else "unknown source"
            )
            graph.coverage.miss(arn.place, (why_unknown(text) if isinstance(text, str) else None) or outside)
        for target in graph.invoked(mapping.get("FunctionName")):
            label = f"{_noun(kind)} {source.name}" if source else f"mapping {mapping.name}"
            yield Edge(
                kind,
                POLL,
                source or mapping,
                target,
                mapping.place,
                label=label,
                hops=(mapping,),
                details=mapping.value,
            )


def queue_of(edge: Edge) -> Resource | None:
    """Give the queue that an "sqs" edge starts at, or None if it is not in the given templates."""
    return edge.source if edge.source.type == "AWS::SQS::Queue" else None


def _kind(text: object) -> str:
    parts = text.split(":") if isinstance(text, str) else []
    return _SERVICES.get(parts[2], "mapping") if len(parts) > 2 else "mapping"  # noqa: PLR2004 - arn:partition:service


def _noun(kind: str) -> str:
    return {"sqs": "queue", "kinesis": "stream", "dynamodb": "table stream"}.get(kind, kind)
