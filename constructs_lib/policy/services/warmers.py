"""Warmers: schedules that invoke a function to keep it warm, told by what they say of themselves."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.graph import Edge

_WARMS = re.compile(r"warm|keep[-_ ]?(alive|hot)", re.IGNORECASE)


def is_warmer(edge: Edge) -> bool:
    """Tell whether an edge is a schedule whose id, name, description or input speaks of warming."""
    source = edge.source
    if edge.kind not in {"events", "scheduler"} or source.get("ScheduleExpression").is_absent:
        return False
    values = [
        source.get("Name"),
        source.get("Description"),
        *([edge.details.get("Input")] if edge.details else []),
    ]
    texts = [source.name, *(case.data for value in values for case in value.texts().cases)]
    return any(type(text) is str and _WARMS.search(text) for text in texts)
