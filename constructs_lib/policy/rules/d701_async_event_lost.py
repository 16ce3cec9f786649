"""D701 async-event-lost."""

from __future__ import annotations

from constructs_lib.limits import ASYNC_RETRIES_MAX
from constructs_lib.policy.graph import ASYNC, Edge, Graph
from constructs_lib.policy.rule import ERROR, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TOPIC = """
Notify: {Type: AWS::Lambda::Function, Properties: {PROPERTY}}
Failed: {Type: AWS::SQS::Queue}
Orders: {Type: AWS::SNS::Topic}
Subscription:
  Type: AWS::SNS::Subscription
  Properties: {TopicArn: !Ref Orders, Protocol: lambda, Endpoint: !GetAtt Notify.Arn}
"""
_ELSEWHERE = {
    "custom",
    "cognito",
}  # CloudFormation reports a lost answer itself; Cognito's senders have no queue


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
            lost = [edge for edge in function.callers if edge.mode == ASYNC and _is_lost(graph, edge)]
            if not lost:
                continue
            callers = ", ".join(dict.fromkeys(edge.label for edge in lost))
            message = (
                f"{lost[0].callee} is invoked asynchronously by {callers} and has neither an on-failure destination nor a "
                f"dead-letter queue: an event that fails {1 + ASYNC_RETRIES_MAX:g} times is lost."
            )
            fix = "Add an on-failure destination for the qualifier that is invoked, or DeadLetterConfig to the function."
            place = function.resource.place.at("DeadLetterConfig")
            yield self.finding(place, message, fix=fix, path=lost[0].path, when=lost[0].when)


def _is_lost(graph: Graph, edge: Edge) -> bool:
    function = edge.function
    if edge.kind in _ELSEWHERE:
        return False
    own = function.dead_letter_target
    graph.note_unknown(own)
    return own.is_absent and all(destination.is_absent for destination in function.on_failure(edge.qualifier))
