"""Application Auto Scaling of provisioned concurrency: targets and their schedules."""

from __future__ import annotations

from constructs_lib.policy.function import LATEST, Provisioned
from constructs_lib.policy.services.dependencies import referred
from constructs_lib.policy.values import Case, Unknown, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource
    from constructs_lib.policy.values.cases import When

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


def scaled(graph: Graph) -> dict[Function, list[Provisioned]]:
    """Index what scaling keeps warm: for each function the aliases that are scaled, with the least that they keep."""
    found: dict[Function, list[Provisioned]] = {}
    for target in scalable_targets(graph):
        if target.qualifier is not None:
            warm = Provisioned(target.qualifier, target.minimum, target.resource)
            found.setdefault(target.function, []).append(warm)
    return found


def kept_warm(
    graph: Graph, function: Function, scaled_too: list[Provisioned], given: When
) -> Iterator[tuple[list[str], When]]:
    """List the qualifiers that are warm at the same time, for every case that can happen.

    An amount that is written and not known still keeps something warm: Lambda takes no 0.
    """
    warm, when = [], given
    for each in (*function.provisioned, *scaled_too):
        joined = graph.system.together(when, each.resource.when)
        if joined is not None:
            when = joined
            warm.append(each)
    amounts = [_at_least(each.amount) for each in warm]
    for *numbers, inner in graph.known(*amounts, given=when):
        named = [each.qualifier for each, number in zip(warm, numbers, strict=True) if number > 0]
        if named:
            yield list(dict.fromkeys(named)), inner


def most_kept_warm(graph: Graph, function: Function, scaled_too: list[Provisioned]) -> dict[str, Value]:
    """Index the most that is kept warm by qualifier: what scaling may raise it to, or what is provisioned without scaling."""
    found = {each.qualifier: each.amount.default(0.0) for each in function.provisioned}
    for each in scaled_too:
        most = each.resource.get("MaxCapacity").numbers()
        graph.note_unknown(most)
        kept = found.get(each.qualifier)
        if type(most.only) is float and (kept is None or most.only > (kept.only or 0.0)):
            found[each.qualifier] = most
    return found


def _at_least(amount: Value) -> Value:
    cases = [Case(1.0, case.when) if isinstance(case.data, Unknown) else case for case in amount.cases]
    return Value(tuple(cases), amount.place, None).default(0.0)


def provisions_latest(graph: Graph) -> Iterator[tuple[str, Value, tuple[str, ...], When]]:
    """List what is to keep $LATEST warm, alias or scaling: its name, the value that says $LATEST, path and conditions."""
    for function in graph.functions.values():
        for warm in function.provisioned:
            version = warm.resource.get("FunctionVersion")
            for text, when in graph.known(version, given=warm.resource.when):
                if text == LATEST:
                    name = f"Alias {function.name}:{warm.qualifier}"
                    yield name, version, (warm.resource.id, function.id), when
    for target in scalable_targets(graph):
        if target.qualifier in {LATEST, None}:
            scaling = target.resource
            path = (scaling.id, target.function.id)
            yield scaling.name, scaling.get("ResourceId"), path, scaling.when


def is_missed(function: Function, warm: Provisioned) -> bool:
    """Tell whether a version is kept warm for nobody: callers are known, and no caller, alias or output leads to it."""
    invoked = [function.behind(edge.qualifier or LATEST) for edge in function.callers]
    used = {*invoked, *map(function.behind, function.aliases)}
    outside = warm.resource.id in referred(warm.resource.stack.outputs)
    return (
        warm.qualifier in function.versions and bool(invoked) and warm.qualifier not in used and not outside
    )
