"""Application load balancers: they wait until the function has answered."""

from __future__ import annotations

from constructs_lib.policy.graph import SYNC, Edge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource


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
    for listener in graph.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        for action in listener.get("DefaultActions").elements():
            if graph.designated(action.get("TargetGroupArn")) is group:
                return graph.designated(listener.get("LoadBalancerArn"))
    return None
