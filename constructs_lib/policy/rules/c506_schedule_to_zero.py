"""C506 schedule-to-zero."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

_SCALING = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Live: {Type: AWS::Lambda::Alias, Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: "1"}}
Scaling:
  Type: AWS::ApplicationAutoScaling::ScalableTarget
  Properties:
    MinCapacity: LEAST
    ScalableDimension: lambda:function:ProvisionedConcurrency
    ResourceId: !Join ["", ["function:", !Select [6, !Split [":", !Ref Live]], ":live"]]
    ScheduledActions: [{ScheduledActionName: night, ScalableTargetAction: {MinCapacity: NIGHT, MaxCapacity: 9}}]
"""
_DIMENSION = "lambda:function:ProvisionedConcurrency"


def _scaling(least: str, night: str) -> str:
    return _SCALING.replace("LEAST", least).replace("NIGHT", night)


class ScheduleToZero(Rule):
    """Scaling may take the last warm environment away, and with it the next deployment.

    ## Why is this bad?
    Provisioned concurrency of 0 does not exist: when scaling arrives there, the configuration on the alias is deleted. The
    next update of the stack does not find what it is to change, fails and rolls back.

    ## What to do
    Let capacity fall to 1 at least. To have none at night, use no provisioned concurrency.
    """

    id = "C506"
    name = "schedule-to-zero"
    severity = ERROR
    bad = {
        "scheduled to zero": _scaling("1", "0"),
        "minimum of zero": _scaling("0", "1"),
        "maximum of zero": _scaling("1", "1").replace("9", "0"),
    }
    good = {
        "never below 1": _scaling("1", "1"),
        "another service": _scaling("0", "0")
        .replace(_DIMENSION, "ecs:service")
        .replace("function:", "service/"),
    }
    undecided = {"minimum imported": _scaling("!ImportValue least", "1")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for a capacity of 0 in the targets and schedules of provisioned concurrency."""
        for target in graph.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
            for what, bounds in _bounds(target):
                values = [bounds.get(name).numbers() for name in ("MinCapacity", "MaxCapacity")]
                found = [(v, when) for v in values for n, when in graph.known(v, given=target.when) if n <= 0]
                for value, when in found[:1]:
                    name = value.place.keys[-1]
                    message = f"{what} sets {name} to 0: scaling to it deletes the alias's provisioned concurrency, and the next stack update fails because it is gone."
                    fix = f"Set {name} to 1 or more, or drop the provisioned concurrency."
                    yield self.finding(value.place, message, fix=fix, when=when)


def _bounds(target: Resource) -> Iterator[tuple[str, Value]]:
    dimension, named = (target.get(name).texts().only for name in ("ScalableDimension", "ResourceId"))
    if dimension != _DIMENSION and not str(named).startswith("function:"):
        return
    yield f"Scaling target {target.name}", target.value
    for schedule in target.get("ScheduledActions").elements():
        name = schedule.get("ScheduledActionName").texts().only
        yield f"Schedule {name} of {target.name}", schedule.get("ScalableTargetAction")
