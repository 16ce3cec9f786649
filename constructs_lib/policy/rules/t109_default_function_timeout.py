"""T109 default-function-timeout."""

from __future__ import annotations

from constructs_lib.limits import LAMBDA_TIMEOUT_DEFAULT
from constructs_lib.policy.rule import WARNING, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUE = """
Worker: {Type: AWS::Lambda::Function, Properties: {PROPERTY}}
Jobs: {Type: AWS::SQS::Queue}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""
_BRANCH = """
Parameters: {Stage: {Type: String}}
Conditions: {Production: {"Fn::Equals": [!Ref Stage, prod]}}
Resources:
  Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: !If [Production, 20, !Ref AWS::NoValue]}}
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: !GetAtt Orders.Arn}}
"""
_CALLERS = ("rest", "http", "websocket", "sqs", "states")


class DefaultFunctionTimeout(Rule):
    """A function that something waits for runs under Lambda's default timeout.

    ## Why is this bad?
    3 s is less than many cold starts, and nobody chose it. After a timeout init runs again inside the same 3 s, so a
    function with a slow init can stop answering for good.

    ## What to do
    Set Timeout, derived from how long the caller waits and what the handler does.
    """

    id = "T109"
    name = "default-function-timeout"
    severity = WARNING
    limits = (LAMBDA_TIMEOUT_DEFAULT,)
    bad = {
        "timeout unset behind a queue": _QUEUE.replace("PROPERTY", "Handler: app.handler"),
        "timeout unset in one branch": _BRANCH,
    }
    good = {
        "timeout set": _QUEUE.replace("PROPERTY", "Timeout: 3"),
        "timeout set wherever the API is": _BRANCH.replace("V2::Api,", "V2::Api, Condition: Production,"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find functions without a timeout that a gateway, a queue or a workflow reaches."""
        for function in graph.functions.values():
            timeout = function.resource.get("Timeout")
            for edge in function.callers:
                when = next(graph.absent(timeout, given=edge.when), None) if edge.kind in _CALLERS else None
                if when is None:
                    continue
                message = f"{function.name} sets no timeout and is reached by {edge.label}: Lambda ends it after {LAMBDA_TIMEOUT_DEFAULT}."
                fix = "Set Timeout to what the handler needs in the worst case, repeated init included."
                yield self.finding(timeout.place, message, fix=fix, path=edge.path, when=when)
                break
