"""Services that hand events to Lambda and go on: SNS, S3, CloudWatch Logs and alarms, SES."""

from __future__ import annotations

from constructs_lib.policy.graph import ASYNC, Edge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from SNS, S3, CloudWatch Logs, alarms and SES to functions."""
    yield from _topics(graph)
    yield from _buckets(graph)
    for subscription in graph.of_type("AWS::Logs::SubscriptionFilter"):
        group = graph.designated(subscription.get("LogGroupName"), "AWS::Logs::LogGroup") or subscription
        arn = subscription.get("DestinationArn")
        yield from _events(graph, "logs", group, arn, f"log group {group.name}", (subscription,))
    for alarm in graph.of_type("AWS::CloudWatch::Alarm"):
        for key in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            for arn in alarm.get(key).elements():
                yield from _events(graph, "alarm", alarm, arn, f"alarm {alarm.name}")
    for rule in graph.of_type("AWS::SES::ReceiptRule"):
        for action in rule.get("Rule", "Actions").elements():
            if action.get("LambdaAction", "InvocationType").only != "RequestResponse":
                yield from _events(
                    graph, "ses", rule, action.get("LambdaAction", "FunctionArn"), f"mail {rule.name}"
                )


def _topics(graph: Graph) -> Iterator[Edge]:
    for subscription in graph.of_type("AWS::SNS::Subscription"):
        topic = graph.designated(subscription.get("TopicArn"), "AWS::SNS::Topic") or subscription
        hops = (subscription,) if topic is not subscription else ()
        if subscription.get("Protocol").only == "lambda":
            yield from _events(graph, "sns", topic, subscription.get("Endpoint"), f"topic {topic.name}", hops)
    for topic in graph.of_type("AWS::SNS::Topic"):
        for inline in topic.get("Subscription").elements():
            if inline.get("Protocol").only == "lambda":
                yield from _events(graph, "sns", topic, inline.get("Endpoint"), f"topic {topic.name}")


def _buckets(graph: Graph) -> Iterator[Edge]:
    for bucket in graph.of_type("AWS::S3::Bucket"):
        for configuration in bucket.get("NotificationConfiguration", "LambdaConfigurations").elements():
            yield from _events(graph, "s3", bucket, configuration.get("Function"), f"bucket {bucket.name}")
    for wiring in graph.of_type("Custom::S3BucketNotifications"):
        bucket = graph.designated(wiring.get("BucketName"), "AWS::S3::Bucket") or wiring
        configurations = wiring.get("NotificationConfiguration", "LambdaFunctionConfigurations")
        for configuration in configurations.elements():
            arn = configuration.get("LambdaFunctionArn")
            hops = (wiring,) if bucket is not wiring else ()
            yield from _events(graph, "s3", bucket, arn, f"bucket {bucket.name}", hops)


def _events(
    graph: Graph, kind: str, source: Resource, arn: Value, label: str, hops: tuple[Resource, ...] = ()
) -> Iterator[Edge]:
    for target in graph.invoked(arn):
        yield Edge(kind, ASYNC, source, target, arn.place, label=label, hops=hops)
