"""Warmers: schedules that invoke a function to keep it warm, told by what they say of themselves."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.graph import Edge
    from constructs_lib.policy.values import Value

_WARMS = re.compile(r"(?i)warm|keep[-_ ]?(alive|hot)|cold[-_ ]?start")
_PING = re.compile(r"(?i)\bping\b")  # as an input; by name it may be a schedule that watches


def is_warmer(edge: Edge) -> bool:
    """Tell whether an edge is a schedule whose id, name, description or input speaks of warming."""
    source = edge.source
    if edge.kind not in {"events", "scheduler"} or source.get("ScheduleExpression").is_absent:
        return False
    inputs = _texts(edge.details.get("Input")) if edge.details else []
    texts = [source.name, *_texts(source.get("Name")), *_texts(source.get("Description")), *inputs]
    return any(map(_WARMS.search, texts)) or any(map(_PING.search, inputs))


def _texts(value: Value) -> list[str]:
    return [case.data for case in value.texts().cases if type(case.data) is str]
