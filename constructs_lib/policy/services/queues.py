"""Queues and topics: which are FIFO, and how their ages read."""

from __future__ import annotations

from constructs_lib.policy.values.cases import Unknown, one
from constructs_lib.policy.values.text import why_unknown
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.values import Resource

_SUFFIX = ".fifo"
_DAY, _HOUR = 86_400, 3_600


def fifo(resource: Resource) -> Value:
    """Tell whether a queue or topic is FIFO: True or False in each case."""
    key = "FifoTopic" if resource.type == "AWS::SNS::Topic" else "FifoQueue"
    return resource.get(key).default(False).flags()


def fifo_by_name(arn: Value) -> Value:
    """Tell by its ARN whether a queue is FIFO: the name of every such queue, and of no other, ends in ``.fifo``."""
    text = arn.texts().only
    if not isinstance(text, str):
        return Value(one(Unknown(arn.unknown or "the queue has several possible ARNs")), arn.place, None)
    name = text.rpartition(":")[2]
    reason = None if name.endswith(_SUFFIX) else why_unknown(name)
    return Value(one(Unknown(reason) if reason else name.endswith(_SUFFIX)), arn.place, None)


def age(seconds: float) -> str:
    """Write a long duration as people say it: ``4 days``, ``12 h``, ``90 s``."""
    for unit, name in ((_DAY, "days"), (_HOUR, "h")):
        if seconds >= unit and seconds % unit == 0:
            count = seconds / unit
            return f"{count:g} {name}" if count != 1 or name == "h" else "1 day"
    return f"{seconds:,.0f} s"
