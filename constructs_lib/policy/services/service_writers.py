"""Whether the service that sends undelivered events to a queue may write there: by the queue's policy, the key's, or a role."""

from __future__ import annotations

from constructs_lib.policy.services.dead_letters import redrive_target
from constructs_lib.policy.services.roles import Statement, covers, role_may
from constructs_lib.policy.services.writers import QUEUE, customer_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

_POLICY = "AWS::SQS::QueuePolicy"
_SEND, _USE_KEY = "sqs:SendMessage", ("kms:GenerateDataKey", "kms:Decrypt")


class Undelivered:
    """A sender, the ``arn`` of its dead-letter queue, and the ``service`` that writes there; or the ``role`` that it uses."""

    __slots__ = ("arn", "role", "sender", "service", "source")

    def __init__(
        self,
        sender: Resource,
        arn: Value,
        service: str = "",
        source: Resource | None = None,
        role: Value | None = None,
    ) -> None:
        self.sender, self.arn, self.service, self.source, self.role = (
            sender,
            arn,
            service,
            source or sender,
            role,
        )


def senders(graph: Graph) -> Iterator[Undelivered]:
    """List what sends undelivered events or messages to a dead-letter queue."""
    for rule in graph.of_type("AWS::Events::Rule"):
        for target in rule.get("Targets").elements():
            yield Undelivered(rule, target.get("DeadLetterConfig", "Arn"), "events.amazonaws.com")
    for subscription in graph.of_type("AWS::SNS::Subscription"):
        topic = graph.designated(subscription.get("TopicArn"), "AWS::SNS::Topic")
        yield Undelivered(subscription, redrive_target(subscription), "sns.amazonaws.com", topic)
    for schedule in graph.of_type("AWS::Scheduler::Schedule"):
        target = schedule.get("Target")
        yield Undelivered(schedule, target.get("DeadLetterConfig", "Arn"), role=target.get("RoleArn"))


def missing(graph: Graph, undelivered: Undelivered, queue: Resource) -> list[str]:
    """List the actions that are known to be missing; what the templates do not tell is not listed."""
    key = customer_key(graph, queue)
    wanted = [(_SEND, queue), *((action, key) for action in _USE_KEY if key)]
    if undelivered.role is not None:
        role = graph.designated(undelivered.role, "AWS::IAM::Role")
        return [action for action, on in wanted if role and role_may(graph, role, action, on) is False]
    return [action for action, on in wanted if not _allowed(graph, undelivered, action, on)]


def _allowed(graph: Graph, undelivered: Undelivered, action: str, resource: Resource) -> bool:
    if resource.type == QUEUE:
        policies = graph.naming(resource, _POLICY, "Queues")
        documents = [policy.get("PolicyDocument") for policy in policies]
        if any(each.unknown for other in graph.of_type(_POLICY) for each in other.get("Queues").elements()):
            return True
    else:
        documents = [resource.get("KeyPolicy")]
    said = [statement for document in documents for statement in document.get("Statement").elements()]
    unknown = [document.unknown or document.get("Statement").unknown for document in documents]
    return any(unknown) or any(_lets_in(graph, undelivered, each, action) for each in said)


def _lets_in(graph: Graph, undelivered: Undelivered, value: Value, action: str) -> bool:
    """Tell whether a statement lets the service in for this sender, or may do so."""
    statement, principal = Statement(value), value.get("Principal")
    if statement.denies or not (
        statement.is_unclear or any(covers(pattern, action) for pattern in statement.actions)
    ):
        return False
    service = principal.get("Service")
    named = [_prefix(each.only) for each in (*service.elements(), service)]
    everyone = "*" in (principal.only, principal.get("AWS").only)
    open_ = principal.unknown or service.unknown or (not service.is_absent and None in named)
    if not (everyone or open_ or _prefix(undelivered.service) in named):
        return False
    return _for_this_source(graph, undelivered, value.get("Condition"))


def _prefix(service: object) -> str | None:
    """Give a service's name without its domain, which may be the partition's and so a token."""
    return service.partition(".")[0] if isinstance(service, str) else None


def _for_this_source(graph: Graph, undelivered: Undelivered, condition: Value) -> bool:
    """Tell whether a condition may hold for the sender: one that names another resource of the templates does not."""
    for _operator, operands in condition.items():  # noqa: PERF102 - a Value has no values()
        for key, arns in operands.items():
            if key.lower() == "aws:sourcearn":
                named = [graph.designated(each) for each in arns.elements()]
                if named and None not in named and undelivered.source not in named:
                    return False
    return True
