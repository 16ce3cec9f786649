"""Who may write to a queue or topic: by the writer's role, by the target's own policy, by the key that encrypts it."""

from __future__ import annotations

from constructs_lib.policy.services.roles import Statement, covers, may, role_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

QUEUE, TOPIC = "AWS::SQS::Queue", "AWS::SNS::Topic"
_KEY, _ALIAS, _ROLE = "AWS::KMS::Key", "AWS::KMS::Alias", "AWS::IAM::Role"
_SEND = {QUEUE: "sqs:SendMessage", TOPIC: "sns:Publish"}
_POLICIES = {QUEUE: ("AWS::SQS::QueuePolicy", "Queues"), TOPIC: ("AWS::SNS::TopicPolicy", "Topics")}
_USE_KEY = ("kms:GenerateDataKey", "kms:Decrypt")


def lacking(graph: Graph, function: Function, target: Resource) -> tuple[list[str], Resource | None]:
    """List the actions that a function lacks to write to a queue or topic, and the customer key that encrypts it.

    What the templates do not tell is not listed, and noted in the coverage.
    """
    key = customer_key(graph, target)
    wanted = [(_SEND[target.type], target, list(_target_policies(graph, target)))]
    wanted += [(action, key, [key.get("KeyPolicy")]) for action in _USE_KEY] if key else []
    missing = []
    for action, resource, documents in wanted:
        allowed = may(graph, function, action, resource)
        if allowed or any(_grants(graph, document, function, action) for document in documents):
            continue
        unclear = any(document.unknown or document.get("Statement").unknown for document in documents)
        if allowed is None or unclear:
            reason = f"the templates do not tell all that the role of {function.name} may do"
            graph.coverage.undecided(function.resource.place.at("Role"), reason)
        else:
            missing.append(action)
    return missing, key


def customer_key(graph: Graph, target: Resource) -> Resource | None:
    """Give the customer key of the templates that encrypts a queue or topic."""
    named = target.get("KmsMasterKeyId")
    alias = graph.designated(named, _ALIAS)
    return graph.designated(alias.get("TargetKeyId") if alias else named, _KEY)


def _target_policies(graph: Graph, target: Resource) -> Iterator[Value]:
    kind, holders = _POLICIES[target.type]
    for policy in graph.naming(target, kind, holders):
        yield policy.get("PolicyDocument")


def _grants(graph: Graph, document: Value, function: Function, action: str) -> bool:
    """Tell whether a resource's policy names the role itself; the account's root leaves it to the role's own policies."""
    role = role_of(graph, function)
    for value in document.get("Statement").elements():
        statement = Statement(value)
        if statement.allows and any(covers(pattern, action) for pattern in statement.actions):
            principal = value.get("Principal")
            holders = [*principal.elements(), *principal.get("AWS").elements()]
            if any(each.only == "*" or graph.designated(each, _ROLE) is role for each in holders):
                return True
    return False
