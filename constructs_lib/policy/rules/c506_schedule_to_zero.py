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
_DIMENSION, _BOUNDS = "lambda:function:ProvisionedConcurrency", ("MinCapacity", "MaxCapacity")


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
            for what, value in _capacities(target) if _is_provisioned(target) else ():
                for amount, when in graph.known(value.numbers(), given=target.when):
                    if amount <= 0:
                        name = value.place.keys[-1]
                        message = f"{what} sets {name} to 0: scaling to it deletes the alias's provisioned concurrency, and the next stack update fails because it is gone."
                        fix = f"Set {name} to 1 or more, or drop the provisioned concurrency."
                        yield self.finding(value.place, message, fix=fix, when=when)


def _is_provisioned(target: Resource) -> bool:
    dimension, named = (target.get(name).texts().only for name in ("ScalableDimension", "ResourceId"))
    return dimension == _DIMENSION or (isinstance(named, str) and named.startswith("function:"))


def _capacities(target: Resource) -> Iterator[tuple[str, Value]]:
    yield from ((f"Scaling target {target.name}", target.get(name)) for name in _BOUNDS)
    for schedule in target.get("ScheduledActions").elements():
        what = f"Schedule {schedule.get('ScheduledActionName').texts().only} of {target.name}"
        yield from ((what, schedule.get("ScalableTargetAction", name)) for name in _BOUNDS)
