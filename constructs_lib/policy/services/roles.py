"""What a role may do, a function's above all, as far as the templates tell."""

from __future__ import annotations

from fnmatch import fnmatchcase

from constructs_lib.policy.once import once
from constructs_lib.policy.values.text import TOKEN, is_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

_ROLE = "AWS::IAM::Role"
_MANAGED = "AWS::IAM::ManagedPolicy"
_ATTACHED = ("AWS::IAM::Policy", _MANAGED, "AWS::IAM::RolePolicy")
_EXECUTION = (
    *(
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSXRayDaemonWriteAccess",
        "AWSXrayWriteOnlyAccess",
    ),
    *("AWSLambdaSQSQueueExecutionRole", "AWSLambdaKinesisExecutionRole", "AWSLambdaDynamoDBExecutionRole"),
    "CloudWatchLambdaInsightsExecutionRolePolicy",
)  # AWS's policies of which it is known that they neither write to queues nor use keys


class Statement:
    """One statement of a policy: ``actions`` and ``resources`` as text, tokens inside.

    ``is_unclear`` tells that it names what it leaves out (NotAction, NotResource), or that its effect is not known.
    """

    __slots__ = ("actions", "allows", "denies", "is_unclear", "resources", "value")

    def __init__(self, value: Value) -> None:
        self.value = value
        effect = value.get("Effect").texts().only
        self.allows, self.denies = effect == "Allow", effect == "Deny"
        inverted = any(not value.get(key).is_absent for key in ("NotAction", "NotResource"))
        self.is_unclear = inverted or not (self.allows or self.denies)
        self.actions = _texts(value.get("Action"))
        self.resources = _texts(value.get("Resource"))


@once
def role_of(graph: Graph, function: Function) -> Resource | None:
    """Give the function's role, or None if it is not in the given templates."""
    return graph.designated(function.resource.get("Role"), _ROLE)


@once
def statements(graph: Graph, role: Resource) -> list[Statement]:
    """List the statements of a role's policies, inline and attached."""
    documents = [policy.get("PolicyDocument") for policy in role.get("Policies").elements()]
    for kind in _ATTACHED:
        policies = graph.naming(role, kind, "Roles", "RoleName")
        documents += [policy.get("PolicyDocument") for policy in policies]
    managed = [graph.designated(value, _MANAGED) for value in role.get("ManagedPolicyArns").elements()]
    documents += [policy.get("PolicyDocument") for policy in managed if policy]
    return [Statement(each) for document in documents for each in document.get("Statement").elements()]


def may(graph: Graph, function: Function, action: str, resource: Resource) -> bool | None:
    """Tell whether a function's role allows an action on a resource; None if the templates do not tell.

    A permissions boundary, a conditional Deny and anything unknown in a policy leave open what is otherwise allowed.
    """
    role = role_of(graph, function)
    return None if role is None else role_may(graph, role, action, resource)


def role_may(graph: Graph, role: Resource, action: str, resource: Resource) -> bool | None:
    """Tell the same of a role, whatever takes it on."""
    every = [(each, _is_about(graph, each, action, resource)) for each in statements(graph, role)]
    if any(about and statement.denies for statement, about in every):
        return False
    if any(about and statement.allows for statement, about in every):
        may_deny = any(about is None and not statement.allows for statement, about in every)
        return None if may_deny or not role.get("PermissionsBoundary").is_absent else True
    may_allow = any(about is None and not statement.denies for statement, about in every)
    return None if may_allow or _has_other_policies(graph, role) else False


def _is_about(graph: Graph, statement: Statement, action: str, resource: Resource) -> bool | None:
    """Tell whether a statement is about an action on a resource, whatever the request; None if that is open."""
    if statement.is_unclear or (statement.denies and not statement.value.get("Condition").is_absent):
        return None
    if not any(covers(pattern, action) for pattern in statement.actions):
        return False if all(map(is_plain, statement.actions)) else None
    is_open = False
    for text in statement.resources:
        if text == "*" or graph.resource(text, resource.type) is resource:
            return True
        is_open = is_open or not is_plain(TOKEN.sub(_without_names, text)) or "*" in text
    return None if is_open else False


def services_called(graph: Graph, function: Function) -> set[str]:
    """List the services that the role's own statements allow: ``{"secretsmanager", "sqs"}``."""
    role = role_of(graph, function)
    actions = (
        (action for statement in statements(graph, role) if statement.allows for action in statement.actions)
        if role
        else ()
    )
    return {action.partition(":")[0].lower() for action in actions if ":" in action and is_plain(action)}


def _has_other_policies(graph: Graph, role: Resource) -> bool:
    for value in role.get("ManagedPolicyArns").elements():
        text = value.texts().only
        own = graph.designated(value, _MANAGED)
        if own is None and not (isinstance(text, str) and text.rpartition("/")[2] in _EXECUTION):
            return True
    return False


def covers(pattern: str, action: str) -> bool:
    """Tell whether an action of a policy, wildcards included, is or covers another."""
    return fnmatchcase(action.lower(), pattern.lower())


def _without_names(match: object) -> str:
    text = match[0]  # type: ignore[index]
    return "" if text[1] in "@%" else text


def _texts(value: Value) -> list[str]:
    texts = [case.data for element in value.elements() for case in element.texts().cases]
    return [text for text in texts if type(text) is str]
