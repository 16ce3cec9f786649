"""Q309 mapping-outruns-reserve."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.event_sources import (
    deployed_together,
    limited_readers,
    maximum_concurrency,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUES = """
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 5, ReservedConcurrentExecutions: RESERVED}}
Live:
  Type: AWS::Lambda::Alias
  Properties: {Name: live, FunctionName: !Ref Worker, FunctionVersion: "1"}
Jobs: {Type: AWS::SQS::Queue}
Urgent: {Type: AWS::SQS::Queue}
JobsMapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker, ScalingConfig: {MaximumConcurrency: 10}}
UrgentMapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Urgent.Arn, FunctionName: !Ref Live, ScalingConfig: {MaximumConcurrency: 5}}
"""


class MappingOutrunsReserve(Rule):
    """The queues may start more invocations than the function has reserved, and messages are throttled away.

    ## Why is this bad?
    Invocations over the reserve are throttled. Each throttle puts its messages back and counts as a receive, so that under
    load messages go to the dead-letter queue that the function has never seen.

    ## What to do
    Reserve at least the sum of MaximumConcurrency of all mappings, through aliases and versions too, or lower those.
    """

    id = "Q309"
    name = "mapping-outruns-reserve"
    severity = ERROR
    bad = {
        "two queues together": _QUEUES.replace("RESERVED", "12"),
        "one queue alone": _QUEUES.replace("RESERVED", "4"),
    }
    good = {
        "reserve covers both": _QUEUES.replace("RESERVED", "15"),
        "nothing reserved": _QUEUES.replace("RESERVED", "!Ref AWS::NoValue"),
    }
    undecided = {"reserve imported": _QUEUES.replace("RESERVED", "!ImportValue worker-reserve")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Add up MaximumConcurrency for each function and hold it against its reserve."""
        for function in graph.functions.values():
            found = [] if function.reserved.is_absent else limited_readers(graph, function)
            for group, given in deployed_together(found):
                amounts = [maximum_concurrency(each).default(0.0) for each in group]
                for reserve, *counts, when in graph.known(function.reserved, *amounts, given=given):
                    if sum(counts) <= reserve:
                        continue
                    terms = [
                        f"{count:g} for {each.label}"
                        for count, each in zip(counts, group, strict=True)
                        if count
                    ]
                    total, over = sum(counts), sum(counts) - reserve
                    message = (
                        f"{function.name} reserves {reserve:g} concurrent executions, but its mappings may start "
                        f"{' + '.join(terms)} = {total:g}: {over:g} are throttled, and their messages go to the dead-letter "
                        "queue unseen."
                    )
                    fix = f"Raise ReservedConcurrentExecutions to >= {total:g}, or lower MaximumConcurrency by {over:g} in all."
                    path = (*(each.resource.id for each in group), function.id)
                    yield self.finding(function.reserved.place, message, fix=fix, path=path, when=when)
