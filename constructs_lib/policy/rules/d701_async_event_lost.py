"""D701 async-event-lost."""

from __future__ import annotations

from constructs_lib.limits import ASYNC_RETRIES_MAX
from constructs_lib.policy.graph import ASYNC, Edge, Graph
from constructs_lib.policy.rule import ERROR, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.values.cases import When

_TOPIC = """
Notify: {Type: AWS::Lambda::Function, Properties: {PROPERTY}}
Failed: {Type: AWS::SQS::Queue}
Orders: {Type: AWS::SNS::Topic}
Subscription:
  Type: AWS::SNS::Subscription
  Properties: {TopicArn: !Ref Orders, Protocol: lambda, Endpoint: !GetAtt Notify.Arn}
"""
_ELSEWHERE = {
    "custom",  # CloudFormation reports a lost answer itself
    "cognito",  # Cognito's senders have no queue
    "on-failure",  # where failed events end already
}


class AsyncEventLost(Rule):
    """An event that the function cannot process is gone after three tries.

    ## Why is this bad?
    Whoever invokes asynchronously has its answer before the function starts. Lambda tries three times and then drops the
    event; nothing tells which one it was. A dead-letter queue of the rule or schedule does not help: it takes events that
    could not be handed to Lambda, not those that the function failed on.

    ## What to do
    Set an on-failure destination for the qualifier that is invoked, or the function's DeadLetterConfig.
    """

    id = "D701"
    name = "async-event-lost"
    severity = ERROR
    limits = (ASYNC_RETRIES_MAX,)
    bad = {"topic invokes a function without any": _TOPIC.replace("PROPERTY", "Timeout: 5")}
    good = {
        "dead-letter queue": _TOPIC.replace("PROPERTY", "DeadLetterConfig: {TargetArn: !GetAtt Failed.Arn}"),
    }
    undecided = {
        "dead-letter queue imported": _TOPIC.replace(
            "PROPERTY", "DeadLetterConfig: !ImportValue notify-failures"
        ),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find functions that are invoked asynchronously and whose failed events end nowhere."""
        for function in graph.functions.values():
            lost: dict[When, list[Edge]] = {}
            for edge in function.callers:
                for when in _lost(graph, edge):
                    lost.setdefault(when, []).append(edge)
            for when, edges in lost.items():
                callers = ", ".join(dict.fromkeys(edge.label for edge in edges))
                message = (
                    f"{edges[0].callee} is invoked asynchronously by {callers} and has neither an on-failure destination nor "
                    f"a dead-letter queue: an event that fails {1 + ASYNC_RETRIES_MAX:g} times is lost."
                )
                fix = "Add an on-failure destination for the qualifier that is invoked, or DeadLetterConfig to the function."
                place = function.resource.place.at("DeadLetterConfig")
                yield self.finding(place, message, fix=fix, path=edges[0].path, when=when)


def _lost(graph: Graph, edge: Edge) -> Iterator[When]:
    """List the conditions under which an event that fails ends nowhere."""
    if edge.mode == ASYNC and edge.kind not in _ELSEWHERE:
        function = edge.function
        ends = (function.dead_letter_target, *function.on_failure(edge.qualifier))
        yield from graph.absent(*ends, given=edge.when)
