"""Dead-letter queues and failure destinations: which queues are where failed events end."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

_QUEUE = "AWS::SQS::Queue"


def dead_letter_queues(graph: Graph) -> dict[Resource, list[Resource]]:
    """Index the queues that serve as dead-letter queue or failure destination by what sends failed events there."""
    found: dict[Resource, list[Resource]] = {}
    for sender, arn in failure_targets(graph):
        queue = graph.designated(arn, _QUEUE)
        if queue is not None:
            found.setdefault(queue, []).append(sender)
    return found


def takes_redrives(queue: Resource) -> bool:
    """Tell whether a queue names the queues whose failed messages it takes, and so is, or may be, a dead-letter queue."""
    permission = queue.get("RedriveAllowPolicy", "redrivePermission")
    return bool(permission.unknown) or any(case.data == "byQueue" for case in permission.cases)


def redrive_policy(holder: Resource) -> Value:
    """Give the redrive policy of a queue or subscription; it may be written as a mapping or as JSON text."""
    policy = holder.get("RedrivePolicy")
    if any(type(case.data) is str and case.data.lstrip().startswith("{") for case in policy.cases):
        from constructs_lib.policy.edges.embedded import parsed  # noqa: PLC0415 - seldom written as text

        return parsed(policy)
    return policy


def redrive_target(holder: Resource) -> Value:
    """Give the ARN of a queue's or subscription's dead-letter queue."""
    return redrive_policy(holder).get("deadLetterTargetArn")


def own_failure_targets(graph: Graph, function: Function) -> Iterator[Value]:
    """List where a function's own role has to write what failed: its dead-letter queue and on-failure destinations."""
    yield function.dead_letter_target
    for kind in ("AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping"):
        for wiring in graph.belonging(kind).get(function, ()):
            yield wiring.get("DestinationConfig", "OnFailure", "Destination")


def failure_targets(graph: Graph) -> Iterator[tuple[Resource, Value]]:
    """List who sends failed messages or events where: the sender, and the ARN it names."""
    for queue in graph.of_type(_QUEUE, "AWS::SNS::Subscription"):
        yield queue, redrive_target(queue)
    for function in graph.of_type("AWS::Lambda::Function"):
        yield function, function.get("DeadLetterConfig", "TargetArn")
    for wiring in graph.of_type("AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping"):
        yield wiring, wiring.get("DestinationConfig", "OnFailure", "Destination")
    for rule in graph.of_type("AWS::Events::Rule"):
        for target in rule.get("Targets").elements():
            yield rule, target.get("DeadLetterConfig", "Arn")
    for schedule in graph.of_type("AWS::Scheduler::Schedule"):
        yield schedule, schedule.get("Target", "DeadLetterConfig", "Arn")
    for pipe in graph.of_type("AWS::Pipes::Pipe"):
        for parameters in pipe.get("SourceParameters").items():
            yield pipe, parameters[1].get("DeadLetterConfig", "Arn")
