"""T112 schedule-overlaps-itself."""

from __future__ import annotations

from math import inf

from constructs_lib.errors import RefusedError
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.warmers import is_warmer
from constructs_lib.timeouts.carriers import METADATA_KEY
from constructs_lib.timeouts.occurrences import shortest_gap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Edge, Graph

_RATE = """
Failed: {Type: AWS::SQS::Queue}
Report:
  Type: AWS::Lambda::Function
  Metadata: {constructs-lib: {budget: {init: 5}}}
  Properties: {Timeout: 290, DeadLetterConfig: {TargetArn: !GetAtt Failed.Arn}, RESERVE}
Often:
  Type: AWS::Scheduler::Schedule
  DECLARED
  Properties:
    ScheduleExpression: EXPRESSION
    FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: WINDOW}
    Target: {Arn: !GetAtt Report.Arn, DeadLetterConfig: {Arn: !GetAtt Failed.Arn}}
"""


def _schedule(
    expression: str,
    window: int = 1,
    reserve: str = "MemorySize: 512",
    declared: str = "DeletionPolicy: Delete",
) -> str:
    filled = _RATE.replace("EXPRESSION", expression).replace("WINDOW", str(window))
    return filled.replace("RESERVE", reserve).replace("DECLARED", declared)


class ScheduleOverlapsItself(Rule):
    """The next occurrence of a schedule starts while the last one may still run.

    ## Why is this bad?
    Nobody waits for a scheduled function, so nothing holds the next one back. Two at once do the same work twice, wait for each
    other's locks and take longer still, until all concurrency is used up.

    ## What to do
    Let the schedule run less often than init and timeout together, and its flexible time window, or lower the timeout.
    Reserved concurrency of 1 lets occurrences wait for each other.

    ## Known limits
    Scheduler's precision of a minute and Lambda's retries of failed events are not counted. FunctionSchedule with overlaps=True
    says that it is meant.
    """

    id = "T112"
    name = "schedule-overlaps-itself"
    severity = WARNING
    bad = {
        "shorter than a cold start takes": _schedule("rate(5 minutes)"),
        "cron": _schedule("cron(0,1 8 * * ? *)"),
        "time window": _schedule("rate(20 minutes)", window=16),
    }
    good = {
        "longer": _schedule("rate(6 minutes)"),
        "once": _schedule("at(2027-01-01T00:00:00)"),
        "one at a time": _schedule("rate(1 minute)", reserve="ReservedConcurrentExecutions: 1"),
        "declared": _schedule("rate(1 minute)", declared="Metadata: {constructs-lib: {overlaps: true}}"),
        "warm-ups": _schedule("rate(1 minute)").replace("Often:", "KeepWarm:"),
    }
    undecided = {
        "expression imported": _schedule("!ImportValue often"),
        "reserve imported": _schedule(
            "rate(5 minutes)", reserve="ReservedConcurrentExecutions: !ImportValue reserve"
        ),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare how far apart each schedule's occurrences are with how long its function may run."""
        for edge in graph.edges_of("events", "scheduler"):
            function, expression = edge.function, edge.source.get("ScheduleExpression")
            if expression.is_absent or is_warmer(edge) or _declared(edge):
                continue
            window = 60 * float(
                edge.source.get("FlexibleTimeWindow", "MaximumWindowInMinutes").numbers().only or 0
            )
            worst = function.init or 0
            numbers = (function.timeout, function.reserved.default(inf))
            for text, runs, reserved, when in graph.known(expression, *numbers, given=edge.when):
                apart = _gap(text)
                if apart is None or apart - window >= worst + runs or reserved == 1:
                    continue
                spread = f" within {window / 60:g} min each" if window else ""
                message = (
                    f"{edge.label} invokes {edge.callee} every {apart} s{spread}, which may run {worst + runs:g} s "
                    f"({worst:g} s init + {runs:g} s timeout): the next occurrence starts while the last one still runs."
                )
                fix = f"Let {worst + runs + window:g} s lie between two, or set ReservedConcurrentExecutions to 1."
                yield self.finding(expression.place, message, fix=fix, path=edge.path, when=when)


def _declared(edge: Edge) -> bool:
    return bool(edge.source.metadata.get(METADATA_KEY, {}).get("overlaps") is True)


def _gap(text: object) -> int | None:
    """Read an expression; one that EventBridge does not take is for others to find."""
    try:
        return shortest_gap("schedule", text) if isinstance(text, str) else None
    except RefusedError:
        return None
