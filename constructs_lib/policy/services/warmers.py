"""Warmers: schedules that keep a function warm, and the workflows between, told by what they say of themselves."""

from __future__ import annotations

import re

from constructs_lib.policy.edges.step_functions import payload_of
from constructs_lib.timeouts.carriers import WARM_UP_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.graph import Edge
    from constructs_lib.policy.values import Resource, Value

_WARMS = re.compile(r"(?i)warm|keep[-_ ]?(alive|hot)|cold[-_ ]?start")
_PING = re.compile(r"(?i)\bping\b")  # as an input; by name it may be a schedule that watches


def is_warmer(edge: Edge) -> bool:
    """Tell whether an edge is a schedule that speaks of warming, or a workflow's task that sends warm-up events."""
    if edge.kind == "states":
        return bool(edge.details) and sends_warm_ups(edge.details)
    return edge.kind in {"events", "scheduler"} and warms(
        edge.source, edge.details.get("Input") if edge.details else None
    )


def warms(schedule: Resource, event: Value | None) -> bool:
    """Tell whether the id, name or description of a schedule, or the input it sends, speaks of warming."""
    if schedule.get("ScheduleExpression").is_absent:
        return False
    inputs = _texts(event) if event else []
    texts = [schedule.name, *_texts(schedule.get("Name")), *_texts(schedule.get("Description")), *inputs]
    return any(map(_WARMS.search, texts)) or any(map(_PING.search, inputs))


def sends_warm_ups(task: Value) -> bool:
    """Tell whether what a workflow's task sends to its function is the event that handlers answer without any work."""
    return not payload_of(task).get(WARM_UP_KEY).is_absent


def _texts(value: Value) -> list[str]:
    return [case.data for case in value.texts().cases if type(case.data) is str]
