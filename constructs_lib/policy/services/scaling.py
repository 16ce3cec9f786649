"""Application Auto Scaling of provisioned concurrency: targets and their schedules."""

from __future__ import annotations

from constructs_lib.policy.values import Case, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_PREFIX = "function:"


class ScalableTarget:
    """Scaling of one alias: ``capacity`` are its bounds, ``schedules`` its scheduled actions as they are written."""

    __slots__ = ("function", "qualifier", "resource")

    def __init__(self, resource: Resource, function: Function, qualifier: str | None) -> None:
        self.resource, self.function, self.qualifier = resource, function, qualifier

    @property
    def minimum(self) -> Value:
        """MinCapacity."""
        return self.resource.get("MinCapacity").numbers()

    @property
    def maximum(self) -> Value:
        """MaxCapacity."""
        return self.resource.get("MaxCapacity").numbers()

    @property
    def scheduled(self) -> Iterator[tuple[Value, Value]]:
        """MinCapacity and MaxCapacity of each scheduled action."""
        for schedule in self.resource.get("ScheduledActions").elements():
            action = schedule.get("ScalableTargetAction")
            yield action.get("MinCapacity").numbers(), action.get("MaxCapacity").numbers()


def scalable_targets(graph: Graph) -> Iterator[ScalableTarget]:
    """List what scales the provisioned concurrency of a function."""
    for resource in graph.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        named = resource.get("ResourceId").texts()
        cases = tuple(
            Case(case.data.removeprefix(_PREFIX), case.when)
            for case in named.cases
            if type(case.data) is str and case.data.startswith(_PREFIX)
        )
        for target in graph.invoked(Value(cases, named.place, None)):
            yield ScalableTarget(resource, target.function, target.qualifier)
