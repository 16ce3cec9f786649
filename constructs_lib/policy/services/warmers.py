"""Warmers: what invokes a function to keep it warm, told by the event it sends, or by what it says of itself."""

from __future__ import annotations

import re

from constructs_lib.policy.edges.embedded import parsed
from constructs_lib.policy.edges.step_functions import tasks
from constructs_lib.timeouts.carriers import WARM_UP_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.graph import Edge, Graph
    from constructs_lib.policy.values import Value

_WARMS = re.compile(r"(?i)warm|keep[-_ ]?(alive|hot)|cold[-_ ]?start")
_PING = re.compile(r"(?i)\bping\b")  # as an input; by name it may be a schedule that watches


def is_warmer(edge: Edge) -> bool:
    """Tell whether an edge is a schedule that speaks of warming, or a workflow's task that sends warm-up events."""
    source = edge.source
    if edge.kind == "states":
        return edge.details is not None and sends_warm_ups(edge.details)
    if edge.kind not in {"events", "scheduler"} or source.get("ScheduleExpression").is_absent:
        return False
    inputs = _texts(edge.details.get("Input")) if edge.details else []
    texts = [source.name, *_texts(source.get("Name")), *_texts(source.get("Description")), *inputs]
    return any(map(_WARMS.search, texts)) or any(map(_PING.search, inputs))


def sends_warm_ups(task: Value) -> bool:
    """Tell whether a workflow's task sends its function the event that is answered without any work."""
    return any(not task.get(key, "Payload", WARM_UP_KEY).is_absent for key in ("Parameters", "Arguments"))


def only_warms(graph: Graph, target: Value) -> bool:
    """Tell whether a schedule's target gets warm-up events and nothing else, by itself or through a workflow.

    Losing one loses no work, so that nothing has to be kept of it or tried again.
    """
    if not parsed(target.get("Input")).get(WARM_UP_KEY).is_absent:
        return True
    workflow = graph.designated(target.get("Arn"), "AWS::StepFunctions::StateMachine")
    states = [task.state for task in tasks(graph, workflow)] if workflow else []
    return bool(states) and all(map(sends_warm_ups, states))


def _texts(value: Value) -> list[str]:
    return [case.data for case in value.texts().cases if type(case.data) is str]
