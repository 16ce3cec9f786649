"""Alarms: which queues somebody is told about."""

from __future__ import annotations

from constructs_lib.policy.values.text import why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

_QUEUE = "AWS::SQS::Queue"


def watched_queues(graph: Graph) -> dict[Resource, list[Resource]]:
    """Index the queues that an alarm watches, by metric or by metric expression, with their alarms."""
    found: dict[Resource, list[Resource]] = {}
    for alarm in graph.of_type("AWS::CloudWatch::Alarm"):
        for dimensions in _dimensions(alarm):
            for dimension in dimensions.elements():
                queue = graph.designated(dimension.get("Value"), _QUEUE)
                if queue is not None and dimension.get("Name").only == "QueueName":
                    found.setdefault(queue, []).append(alarm)
    return found


def unclear_alarms(graph: Graph) -> Iterator[Value]:
    """List what keeps it open which queue an alarm watches: names known only in deployment, searches over all queues."""
    for alarm in graph.of_type("AWS::CloudWatch::Alarm"):
        for dimensions in _dimensions(alarm):
            for dimension in dimensions.elements():
                kind, named = dimension.get("Name").texts().only, dimension.get("Value").texts()
                may_be_queue = kind in {"QueueName", None} or why_unknown(kind)
                is_open = named.only is None or why_unknown(named.only)
                if may_be_queue and is_open and graph.designated(named, _QUEUE) is None:
                    yield named
        for metric in alarm.get("Metrics").elements():
            expression = metric.get("Expression").texts()
            if "AWS/SQS" in str(expression.only):
                yield expression


def _dimensions(alarm: Resource) -> Iterator[Value]:
    yield alarm.get("Dimensions")
    for metric in alarm.get("Metrics").elements():
        yield metric.get("MetricStat", "Metric", "Dimensions")
