"""Who else may invoke a function, beside the callers that the templates wire to it."""

from __future__ import annotations

from constructs_lib.policy.once import once
from constructs_lib.policy.services.roles import covers, may, role_of, statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_WAITING = (
    *("apigateway.amazonaws.com", "elasticloadbalancing.amazonaws.com", "cognito-idp.amazonaws.com"),
    *("states.amazonaws.com", "appsync.amazonaws.com", "secretsmanager.amazonaws.com"),
)  # services that wait for the answer
_INVOKE = "lambda:InvokeFunction"


def other_invokers(graph: Graph, function: Function) -> list[Resource]:
    """List permissions for services that invoke asynchronously, and functions whose role may invoke this one."""
    found = [
        permission
        for permission in graph.belonging("AWS::Lambda::Permission").get(function, ())
        if permission.get("Principal").only not in _WAITING
        and permission.get("FunctionUrlAuthType").is_absent
    ]
    return found + list(_functions(graph, function))


def _functions(graph: Graph, function: Function) -> Iterator[Resource]:
    for other in _invoking(graph):
        if may(graph, other, _INVOKE, function.resource) is not False:  # open counts: it may
            yield other.resource


@once
def _invoking(graph: Graph) -> list[Function]:
    """List the functions whose role may invoke any function, usually few."""
    found = []
    for function in graph.functions.values():
        role = role_of(graph, function)
        patterns = (each for said in statements(graph, role) for each in said.actions) if role else ()
        if any(covers(pattern, _INVOKE) for pattern in patterns):
            found.append(function)
    return found
