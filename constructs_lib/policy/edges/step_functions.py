"""Step Functions: Lambda tasks in definitions of either form, inside maps and parallels too."""

from __future__ import annotations

import re

from constructs_lib.policy.edges.embedded import parsed
from constructs_lib.policy.edges.qualifiers import qualified
from constructs_lib.policy.graph import ASYNC, SYNC, Edge
from constructs_lib.policy.values.cases import ABSENT, Case, Unknown, as_text, combine, one
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_SUBSTITUTION = re.compile(r"\$\{([^}$]*)\}")
_INVOKE = re.compile(r":states:::(?:aws-sdk:)?lambda:invoke(?:\.waitForTaskToken)?$", re.IGNORECASE)


class Task:
    """One task: ``name`` is its path through maps and parallels, ``Outer[0]/Inner``; ``state`` its definition.

    ``around`` are the maps and parallels that it is in, the innermost first.
    """

    __slots__ = ("around", "name", "state")

    def __init__(self, name: str, state: Value, around: tuple[Value, ...]) -> None:
        self.name, self.state, self.around = name, state, around


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from workflow tasks to functions."""
    for machine in graph.of_type("AWS::StepFunctions::StateMachine"):
        for task in tasks(graph, machine):
            yield from _task(graph, machine, task)


def tasks(graph: Graph, machine: Resource) -> Iterator[Task]:
    """List every task state of a state machine."""
    body = definition(graph, machine)
    if body.unknown:
        graph.coverage.miss(body.place, body.unknown)
    elif body.is_absent:
        graph.coverage.miss(machine.place, "the definition is in S3 or in a file that is not given")
    yield from _states(body, "", ())


def definition(graph: Graph, machine: Resource) -> Value:
    """Read a state machine's definition as plain data, its substitutions put in."""
    if machine not in graph.definitions:
        raw = machine.get("DefinitionString")
        if raw.is_absent:
            raw = machine.get("Definition")
        raw = raw.whole()
        substitutions = machine.get("DefinitionSubstitutions").whole()
        both = combine([raw.cases, substitutions.cases])
        cases = tuple(
            Case(_substituted(data, names if type(names) is dict else {}), when)
            for (data, names), when in both
        )
        graph.definitions[machine] = parsed(Value(cases, raw.place, None))
    return graph.definitions[machine]


def _substituted(data: Any, names: dict[str, Any]) -> Any:
    if type(data) is str:
        if "${" not in data or not names:
            return data
        return _SUBSTITUTION.sub(
            lambda match: as_text(names[match[1]]) if match[1] in names else match[0], data
        )
    if type(data) is dict:
        return {key: _substituted(value, names) for key, value in data.items()}
    return [_substituted(item, names) for item in data] if type(data) is list else data


def _states(container: Value, prefix: str, around: tuple[Value, ...]) -> Iterator[Task]:
    if len(around) > 20:  # noqa: PLR2004 - no workflow nests so deep; a loop of references would
        return
    for name, state in container.get("States").items():
        path = f"{prefix}{name}"
        if state.get("Type").only == "Task":
            yield Task(path, state, around)
        for step, inner in inner_workflows(state):
            yield from _states(inner, f"{path}{step}/", (state, *around))


def inner_workflows(state: Value) -> Iterator[tuple[str, Value]]:
    """List the branches of a Parallel as ``[0]``, ``[1]`` ..., and what a Map runs for each item."""
    kind = state.get("Type").only
    if kind == "Parallel":
        for index, branch in enumerate(state.get("Branches").elements()):
            yield f"[{index}]", branch
    elif kind == "Map":
        for key in ("ItemProcessor", "Iterator"):
            yield "", state.get(key)


def _task(graph: Graph, machine: Resource, task: Task) -> Iterator[Edge]:
    resource = task.state.get("Resource").texts()
    text = resource.only
    mode = SYNC
    function, qualifier = resource, Value(one(ABSENT), resource.place, None)
    if isinstance(text, str) and _INVOKE.search(text):
        arguments = task.state.get("Parameters")
        if arguments.is_absent:
            arguments = task.state.get("Arguments")
        if not arguments.get("FunctionName.$").is_absent:
            graph.coverage.miss(task.state.place, "the function's name is taken from the workflow's input")
            return
        function, qualifier = arguments.get("FunctionName"), arguments.get("Qualifier")
        if not arguments.get("Qualifier.$").is_absent:
            qualifier = Value(one(Unknown("the workflow's input names the qualifier")), function.place, None)
        mode = ASYNC if arguments.get("InvocationType").only == "Event" else SYNC
    elif isinstance(text, str) and ":states:::" in text:
        return
    wait = seconds_of(task.state, "TimeoutSeconds") if mode == SYNC else None
    for target in qualified(graph, function, qualifier):
        yield Edge(
            "states", mode, machine, target, task.state.place, label=task.name, wait=wait, details=task.state
        )


def seconds_of(state: Value, key: str) -> Value:
    """Read ``TimeoutSeconds`` or ``HeartbeatSeconds`` of a task; unknown if it is taken from the workflow's input."""
    seconds = state.get(key).numbers()
    if state.get(f"{key}Path").is_absent:
        return seconds
    return Value(one(Unknown(f"{key}Path takes it from the workflow's input")), seconds.place, None)
