"""Workflows: their Lambda tasks, and the longest way through one."""

from __future__ import annotations

from constructs_lib.policy.edges.step_functions import definition, inner_workflows, seconds_of, tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from constructs_lib.policy.edges.step_functions import Task
    from constructs_lib.policy.graph import Edge, Graph
    from constructs_lib.policy.values import Resource, Value


class Way:
    """A way through a workflow: the states that take time, and how long each may, in seconds."""

    __slots__ = ("seconds", "steps")

    def __init__(self, *steps: tuple[str, float]) -> None:
        self.steps = steps
        self.seconds = sum(seconds for _, seconds in steps)

    @property
    def terms(self) -> str:
        """The sum as people write it: ``20 s for Charge + 30 s for Ship``."""
        return " + ".join(f"{seconds:g} s for {name}" for name, seconds in self.steps)


def lambda_tasks(graph: Graph) -> Iterator[tuple[Task, Edge]]:
    """List the tasks that invoke a function, with their edges."""
    edges: dict[tuple[Resource, str], list[Edge]] = {}
    for edge in graph.edges_of("states"):
        edges.setdefault((edge.source, edge.label), []).append(edge)
    for machine in graph.of_type("AWS::StepFunctions::StateMachine"):
        for task in tasks(graph, machine):
            (when, *_) = (case.when for case in task.state.cases)
            for edge in edges.get((machine, task.name), ()):
                if graph.system.together(when, edge.when) is not None:
                    yield task, edge


def is_express(machine: Resource) -> bool:
    """Tell whether a state machine is known to be an express one."""
    return bool(machine.get("StateMachineType").only == "EXPRESS")


def longest_way(graph: Graph, machine: Resource, *, stopped: bool = True) -> Way:
    """Add up how long tasks and waits may take along each way through a workflow, and give the longest.

    A task counts with its TimeoutSeconds, or its function's timeout if it sets none; what is not known counts as nothing,
    a loop and a map as one round. Where ``stopped``, the workflow's own TimeoutSeconds bounds it all.
    """
    body = definition(graph, machine)
    invoked = {edge.label: edge for edge in graph.edges_of("states") if edge.source is machine}
    way = _longest(graph, body, "", invoked, 0)
    if not stopped:
        return way
    most = body.get("TimeoutSeconds").numbers().only
    return Way(("all of it", most)) if isinstance(most, float) and most < way.seconds else way


def _longest(graph: Graph, container: Value, prefix: str, invoked: dict[str, Edge], depth: int) -> Way:
    states = dict(container.get("States").items())
    start = container.get("StartAt").only
    if not isinstance(start, str) or start not in states or depth > 20:  # noqa: PLR2004 - no workflow nests so deep
        return Way()

    def duration(name: str) -> Way:
        state, path = states[name], f"{prefix}{name}"
        inner = [
            _longest(graph, each, f"{path}{step}/", invoked, depth + 1)
            for step, each in inner_workflows(state)
        ]
        if inner:
            return max(inner, key=_seconds)
        seconds = _own(graph, state, invoked.get(path))
        return Way((path, seconds)) if seconds else Way()

    return _walk(start, duration, {name: _successors(state, states) for name, state in states.items()})


def _walk(start: str, duration: Callable[[str], Way], successors: dict[str, list[str]]) -> Way:
    """Find the longest way, depth first without recursion; a way back to a state that it came from ends there."""
    best: dict[str, Way] = {}
    opened: set[str] = set()
    pending = [start]
    while pending:
        name = pending[-1]
        if name not in opened:
            opened.add(name)
            pending += [each for each in successors[name] if each not in opened]
            continue
        pending.pop()
        if name not in best:
            after = max((best.get(each, Way()) for each in successors[name]), key=_seconds, default=Way())
            best[name] = Way(*duration(name).steps, *after.steps)
    return best[start]


def _seconds(way: Way) -> float:
    return way.seconds


def _successors(state: Value, states: dict[str, Value]) -> list[str]:
    places = [state.get("Next"), state.get("Default")]
    for key in ("Choices", "Catch"):
        places += [choice.get("Next") for choice in state.get(key).elements()]
    return [place.only for place in places if isinstance(place.only, str) and place.only in states]


def _own(graph: Graph, state: Value, edge: Edge | None) -> float:
    if state.get("Type").only == "Wait":
        bound = seconds_of(state, "Seconds")
    else:
        bound = seconds_of(state, "TimeoutSeconds")
        bound = edge.function.timeout if edge is not None and bound.is_absent else bound
    graph.note_unknown(bound)
    return min(case.data if isinstance(case.data, float) else 0.0 for case in bound.cases)
