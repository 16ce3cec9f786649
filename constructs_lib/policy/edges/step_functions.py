"""Step Functions: Lambda tasks in definitions of either form, inside maps and parallels too."""

from __future__ import annotations

import re

from constructs_lib.policy.edges.embedded import parsed
from constructs_lib.policy.graph import ASYNC, SYNC, Edge
from constructs_lib.policy.values.cases import Case, as_text
from constructs_lib.policy.values.text import token
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
    """One Lambda task: ``name`` is its path through maps and parallels, ``Outer[0]/Inner``; ``state`` its definition."""

    __slots__ = ("name", "state")

    def __init__(self, name: str, state: Value) -> None:
        self.name, self.state = name, state


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from workflow tasks to functions."""
    for machine in graph.of_type("AWS::StepFunctions::StateMachine"):
        for task in tasks(graph, machine):
            yield from _task(graph, machine, task)


def tasks(graph: Graph, machine: Resource) -> Iterator[Task]:
    """List every task state of a state machine."""
    body = definition(machine)
    if body.unknown:
        graph.coverage.miss(body.place, body.unknown)
    elif body.is_absent:
        graph.coverage.miss(machine.place, "the definition is in S3 or in a file that is not given")
    yield from _states(body, "", 0)


def definition(machine: Resource) -> Value:
    """Read a state machine's definition as plain data, its substitutions put in."""
    raw = machine.get("DefinitionString")
    if raw.is_absent:
        raw = machine.get("Definition")
    raw = raw.whole()
    substitutions = machine.get("DefinitionSubstitutions").whole()
    names = substitutions.only if type(substitutions.only) is dict else {}
    cases = tuple(Case(_substituted(case.data, names), case.when) for case in raw.cases)
    return parsed(Value(cases, raw.place, None))


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


def _states(container: Value, prefix: str, depth: int) -> Iterator[Task]:
    if depth > 20:  # noqa: PLR2004 - no workflow nests so deep; a loop of references would
        return
    for name, state in container.get("States").items():
        path = f"{prefix}{name}"
        kind = state.get("Type").only
        if kind == "Task":
            yield Task(path, state)
        elif kind == "Parallel":
            for index, branch in enumerate(state.get("Branches").elements()):
                yield from _states(branch, f"{path}[{index}]/", depth + 1)
        elif kind == "Map":
            for key in ("ItemProcessor", "Iterator"):
                yield from _states(state.get(key), f"{path}/", depth + 1)


def _task(graph: Graph, machine: Resource, task: Task) -> Iterator[Edge]:
    resource = task.state.get("Resource").texts()
    text = resource.only
    mode = SYNC
    function = resource
    if isinstance(text, str) and _INVOKE.search(text):
        arguments = task.state.get("Parameters")
        if arguments.is_absent:
            arguments = task.state.get("Arguments")
        if not arguments.get("FunctionName.$").is_absent:
            graph.coverage.miss(task.state.place, "the function's name is taken from the workflow's input")
            return
        function = arguments.get("FunctionName")
        mode = ASYNC if arguments.get("InvocationType").only == "Event" else SYNC
    elif isinstance(text, str) and ":states:::" in text:
        return
    wait = task.state.get("TimeoutSeconds").numbers() if mode == SYNC else None
    if not task.state.get("TimeoutSecondsPath").is_absent and wait is not None:
        reason = token("?", "TimeoutSecondsPath takes it from the workflow's input")
        wait = Value((Case(reason),), wait.place, None).numbers()
    for target in graph.invoked(function):
        yield Edge(
            "states", mode, machine, target, task.state.place, label=task.name, wait=wait, details=task.state
        )
