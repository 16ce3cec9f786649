"""Application load balancers: they wait until the function has answered."""

from __future__ import annotations

from constructs_lib.limits import ALB_IDLE_DEFAULT
from constructs_lib.policy.graph import SYNC, Edge
from constructs_lib.policy.once import once
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
                balancer = _balancers(graph).get(group) or group
                hops = (group,) if balancer is not group else ()
                yield Edge(
                    "alb", SYNC, balancer, found, arn.place, label=f"load balancer {balancer.name}", hops=hops
                )


@once
def _balancers(graph: Graph) -> dict[Resource, Resource | None]:
    """Index the load balancers by the target groups to which a listener, or a rule of one, forwards."""
    found: dict[Resource, Resource | None] = {}
    for listener in graph.of_type(_LISTENER):
        for group in _forwarded_to(graph, listener.get("DefaultActions")):
            found.setdefault(group, graph.designated(listener.get("LoadBalancerArn")))
    for rule in graph.of_type("AWS::ElasticLoadBalancingV2::ListenerRule"):
        owner = graph.designated(rule.get("ListenerArn"), _LISTENER)
        if owner is None:
            continue
        for group in _forwarded_to(graph, rule.get("Actions")):
            found.setdefault(group, graph.designated(owner.get("LoadBalancerArn")))
    return found


def _forwarded_to(graph: Graph, actions: Value) -> Iterator[Resource]:
    for action in actions.elements():
        for target in (action, *action.get("ForwardConfig", "TargetGroups").elements()):
            group = graph.designated(target.get("TargetGroupArn"))
            if group is not None:
                yield group


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
