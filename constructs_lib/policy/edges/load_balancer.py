"""Application load balancers: they wait until the function has answered."""

from __future__ import annotations

from constructs_lib.limits import ALB_IDLE_DEFAULT
from constructs_lib.policy.graph import SYNC, Edge
from constructs_lib.policy.values import Unknown, Value
from constructs_lib.policy.values.cases import one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_LISTENER = "AWS::ElasticLoadBalancingV2::Listener"


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from target groups, or the load balancers in front of them, to functions."""
    for group in graph.of_type("AWS::ElasticLoadBalancingV2::TargetGroup"):
        for target in group.get("Targets").elements():
            arn = target.get("Id")
            if group.get("TargetType").only != "lambda":
                continue
            for found in graph.invoked(arn):
                balancer = _balancer(graph, group) or group
                hops = (group,) if balancer is not group else ()
                yield Edge(
                    "alb", SYNC, balancer, found, arn.place, label=f"load balancer {balancer.name}", hops=hops
                )


def _balancer(graph: Graph, group: Resource) -> Resource | None:
    """Find the load balancer of which a listener, or a rule of one, forwards to a target group."""
    for listener in graph.of_type(_LISTENER):
        if _forwards(graph, listener.get("DefaultActions"), group):
            return graph.designated(listener.get("LoadBalancerArn"))
    for rule in graph.of_type("AWS::ElasticLoadBalancingV2::ListenerRule"):
        owner = graph.designated(rule.get("ListenerArn"), _LISTENER)
        if owner is not None and _forwards(graph, rule.get("Actions"), group):
            return graph.designated(owner.get("LoadBalancerArn"))
    return None


def _forwards(graph: Graph, actions: Value, group: Resource) -> bool:
    for action in actions.elements():
        targets = [action, *action.get("ForwardConfig", "TargetGroups").elements()]
        if any(graph.designated(target.get("TargetGroupArn")) is group for target in targets):
            return True
    return False


def idle_timeout(balancer: Resource) -> Value:
    """Read how long a load balancer keeps a silent connection, in seconds; unknown if it is not in the templates."""
    attributes = balancer.get("LoadBalancerAttributes")
    if balancer.type != _BALANCER:
        return Value(one(Unknown("the load balancer is not in the given templates")), balancer.place, None)
    for attribute in attributes.elements():
        key = attribute.get("Key")
        if key.unknown or any(case.data == "idle_timeout.timeout_seconds" for case in key.cases):
            value = key if key.unknown else attribute.get("Value")
            return value.default(float(ALB_IDLE_DEFAULT)).numbers()
    return Value(one(float(ALB_IDLE_DEFAULT)), attributes.place, None)
