"""Who else may invoke a function, beside the callers that the templates wire to it."""

from __future__ import annotations

from constructs_lib.policy.services.roles import may

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
    for other in graph.functions.values():
        if may(graph, other, "lambda:InvokeFunction", function.resource):
            yield other.resource
