"""Event source mappings: what becomes of a batch in which something fails, and how many run at once."""

from __future__ import annotations

from constructs_lib.limits import (
    DYNAMODB_STREAM_EXPIRY,
    KINESIS_RETENTION_DEFAULT,
    STREAM_BATCH_DEFAULT,
    STREAM_RETRIES_DEFAULT,
)
from constructs_lib.policy.edges.mappings import Mapping, mappings
from constructs_lib.policy.graph import POLL
from constructs_lib.policy.values.cases import Case, Unknown, combine, distinct
from constructs_lib.policy.values.text import why_unknown
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource
    from constructs_lib.policy.values.cases import When

_REPORT = "ReportBatchItemFailures"


def reports_failures(mapping: Resource) -> Value:
    """Tell whether the function reports the single messages that failed: True or False in each case."""
    return mapping.get("FunctionResponseTypes").whole().default([]).map(_reported)


def bisects(mapping: Resource) -> Value:
    """Tell whether a batch that failed is split and tried again in halves: True or False in each case."""
    return mapping.get("BisectBatchOnFunctionError").default(False).flags()


def _reported(data: Any) -> Any:
    texts = data if isinstance(data, list) else [data]
    if _REPORT in texts:
        return True
    reason = next((why_unknown(text) for text in texts if isinstance(text, str)), None)
    return Unknown(reason) if reason else False


def failure_handling(mapping: Resource) -> tuple[Value, Value, Value]:
    """Tell of a stream's mapping whether one bad record is singled out, given up in the end, and kept somewhere."""
    size = mapping.get("BatchSize").default(float(STREAM_BATCH_DEFAULT)).numbers()
    single = either(bisects(mapping), reports_failures(mapping), size.map(lambda number: number <= 1))
    retries = mapping.get("MaximumRetryAttempts").default(float(STREAM_RETRIES_DEFAULT)).numbers()
    age = mapping.get("MaximumRecordAgeInSeconds").default(float(STREAM_RETRIES_DEFAULT)).numbers()
    ends = either(*(bound.map(lambda number: number >= 0) for bound in (retries, age)))
    destination = mapping.get("DestinationConfig", "OnFailure", "Destination").map(bool).default(False)
    return single, ends, destination


def either(*flags: Value) -> Value:
    """Join flags: true if one is true, unknown if one of the others is unknown."""
    cases = []
    for datas, when in combine([flag.cases for flag in flags]):
        unknown = next((data for data in datas if isinstance(data, Unknown)), False)
        cases.append(Case(True if True in datas else unknown, when))
    return Value(distinct(cases), flags[0].place, None)


def expiry_hours(mapping: Mapping) -> float:
    """Tell after how many hours a stream forgets a record."""
    if mapping.kind == "dynamodb":
        return DYNAMODB_STREAM_EXPIRY / 3600
    kept = mapping.source.get("RetentionPeriodHours").numbers().only if mapping.source else None
    return float(kept or KINESIS_RETENTION_DEFAULT)


def maximum_concurrency(mapping: Mapping) -> Value:
    """Read how many invocations a queue's mapping may run at once; ABSENT if it does not say."""
    return mapping.resource.get("ScalingConfig", "MaximumConcurrency").numbers()


def limited_readers(graph: Graph, function: Function) -> list[Mapping]:
    """List the mappings that invoke a function and bound their own concurrency, but those that are switched off."""
    wired = {edge.hops[0]: edge for edge in function.callers if edge.mode == POLL}
    each_once = {mapping.resource: mapping for mapping in mappings(graph)}
    return [
        mapping
        for mapping in each_once.values()
        if mapping.resource in wired
        and not maximum_concurrency(mapping).is_absent
        and mapping.resource.get("Enabled").flags().only is not False
    ]


def deployed_together(found: list[Mapping]) -> Iterator[tuple[list[Mapping], When]]:
    """Group what can be deployed at the same time, each group with the conditions that it needs."""
    for seed in found:
        group, when = [seed], seed.resource.when
        for other in found:
            joined = other.resource.stack.system.together(when, other.resource.when)
            if other is not seed and joined is not None:
                group, when = [*group, other], joined
        yield sorted(group, key=found.index), when
