"""T111 load-balancer-client."""

from __future__ import annotations

from constructs_lib.limits import ALB_IDLE_DEFAULT
from constructs_lib.policy.edges.load_balancer import idle_timeout
from constructs_lib.policy.rule import NOTE, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_BALANCER = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: FUNCTION}}
Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {ATTRIBUTES}}
Group:
  Type: AWS::ElasticLoadBalancingV2::TargetGroup
  Properties: {TargetType: lambda, Targets: [{Id: !GetAtt Orders.Arn}]}
Listener:
  Type: AWS::ElasticLoadBalancingV2::Listener
  Properties: {LoadBalancerArn: !Ref Balancer, DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]}
"""
_IDLE = "LoadBalancerAttributes: [{Key: idle_timeout.timeout_seconds, Value: SECONDS}]"
_DEFAULT, _SET = _BALANCER.replace("ATTRIBUTES", "Scheme: internal"), _BALANCER.replace("ATTRIBUTES", _IDLE)


class LoadBalancerClient(Rule):
    """A load balancer closes idle connections of clients while the function may still work for them.

    ## Why is this bad?
    A load balancer has no wait of its own: it waits until the function has answered or timed out. But no byte flows
    meanwhile, and when the idle timeout passes, the client's connection is closed and the answer has no reader.

    ## What to do
    Raise the attribute `idle_timeout.timeout_seconds` over the function's timeout, or lower the timeout.
    """

    id = "T111"
    name = "load-balancer-client"
    severity = NOTE
    limits = (ALB_IDLE_DEFAULT,)
    bad = {
        "longer than the default of 60 s": _DEFAULT.replace("FUNCTION", "61"),
        "longer than what is set": _SET.replace("SECONDS", "'20'").replace("FUNCTION", "30"),
    }
    good = {
        "within the default": _DEFAULT.replace("FUNCTION", "60"),
        "within what is set": _SET.replace("SECONDS", "'120'").replace("FUNCTION", "120"),
    }
    undecided = {
        "idle timeout imported": _SET.replace("SECONDS", "!ImportValue idle").replace("FUNCTION", "30"),
        "balancer from elsewhere": _DEFAULT.replace("!Ref Balancer", "!ImportValue balancer").replace(
            "FUNCTION", "900"
        ),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare the balancer's idle timeout with the timeout of each function behind it."""
        for edge in graph.edges_of("alb"):
            idle = idle_timeout(edge.source)
            for seconds, runs, when in graph.known(idle, edge.function.timeout, given=edge.when):
                if seconds >= runs:
                    continue
                message = (
                    f"{edge.label} closes a client's connection after {seconds:g} s without a byte, but {edge.callee} may "
                    f"run {runs:g} s: a late answer has no reader."
                )
                fix = (
                    f"Raise idle_timeout.timeout_seconds to >= {runs:g}, or lower Timeout to <= {seconds:g}."
                )
                yield self.finding(idle.place, message, fix=fix, path=edge.path, when=when)
