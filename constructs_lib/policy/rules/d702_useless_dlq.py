"""D702 useless-dlq."""

from __future__ import annotations

from constructs_lib.policy.graph import ASYNC
from constructs_lib.policy.rule import NOTE, Finding, Rule
from constructs_lib.policy.services.invokers import other_invokers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_WORKER = """
Failed: {Type: AWS::SQS::Queue}
Worker: {Type: AWS::Lambda::Function, Properties: {DeadLetterConfig: TARGET}}
Jobs: {Type: AWS::SQS::Queue}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""
_WITH = _WORKER.replace("TARGET", "{TargetArn: !GetAtt Failed.Arn}")
_RULE = """
Nightly:
  Type: AWS::Events::Rule
  Properties: {Targets: [{Id: worker, Arn: !GetAtt Worker.Arn}]}
"""
_PERMISSION = """
Permission:
  Type: AWS::Lambda::Permission
  Properties: {FunctionName: !Ref Worker, Action: lambda:InvokeFunction, Principal: s3.amazonaws.com}
"""


class UselessDlq(Rule):
    """A dead-letter queue that no event can ever reach gives false comfort.

    ## Why is this bad?
    Lambda sends only asynchronous events there. A gateway gets the error itself, a workflow too, and a message that fails
    stays in its own queue: people look into an empty dead-letter queue and believe that nothing failed.

    ## What to do
    Remove DeadLetterConfig, and give the source queue a RedrivePolicy, or the stream's mapping an on-failure destination.

    ## Known limits
    Silent where a permission, or the role of another function, lets somebody invoke it who may do so asynchronously.
    """

    id = "D702"
    name = "useless-dlq"
    severity = NOTE
    bad = {
        "only a queue's mapping invokes": _WITH,
        "dead-letter queue in production alone": _WORKER.replace(
            "TARGET", "!If [IsProd, {TargetArn: !GetAtt Failed.Arn}, !Ref AWS::NoValue]"
        ),
    }
    good = {
        "a rule invokes as well": _WITH + _RULE,
        "a bucket elsewhere may invoke": _WITH + _PERMISSION,
        "no dead-letter queue": _WORKER.replace("TARGET", "!Ref AWS::NoValue"),
    }
    undecided = {"dead-letter queue imported": _WORKER.replace("TARGET", "!ImportValue worker-failures")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find functions with a dead-letter queue all of whose callers wait for the answer or retry themselves."""
        for function in graph.functions.values():
            target = function.dead_letter_target
            if target.is_absent or not function.callers:
                continue
            graph.note_unknown(target)
            is_asynchronous = any(edge.mode == ASYNC for edge in function.callers)
            if target.unknown or is_asynchronous or other_invokers(graph, function):
                continue
            callers = ", ".join(dict.fromkeys(edge.label for edge in function.callers))
            message = (
                f"{function.name} has a dead-letter queue, but is invoked only by {callers}, never asynchronously: nothing "
                "that fails ever arrives there."
            )
            fix = "Remove DeadLetterConfig; for a queue set RedrivePolicy, for a stream an on-failure destination."
            path = function.callers[0].path
            yield self.finding(target.place, message, fix=fix, path=path)
