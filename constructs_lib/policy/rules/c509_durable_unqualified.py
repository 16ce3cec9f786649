"""C509 durable-unqualified."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.values.cases import ABSENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_QUEUE = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {Timeout: 5, DURABLE}
Live: {Type: AWS::Lambda::Alias, Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: "1"}}
Jobs: {Type: AWS::SQS::Queue}
Mapping: {Type: AWS::Lambda::EventSourceMapping, Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: TARGET}}
"""
_DURABLE = "DurableConfig: {ExecutionTimeout: 3600, RetentionPeriodInDays: 14}"

_BRANCH = """
Conditions: {InEurope: !Equals [!Ref "AWS::Region", eu-west-1]}
Resources:
  Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5, DurableConfig: !If [InEurope, {ExecutionTimeout: 60}, !Ref AWS::NoValue]}}
  Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !GetAtt Orders.Arn, AuthType: AWS_IAM}}
"""


def _queue(target: str, durable: str = _DURABLE) -> str:
    return _QUEUE.replace("TARGET", target).replace("DURABLE", durable)


class DurableUnqualified(Rule):
    """A durable function is invoked by a name that Lambda refuses for it.

    ## Why is this bad?
    A durable execution is replayed on the version that it was started with. Lambda therefore refuses every invocation
    by the bare name or ARN: the caller gets an error each time, and the function never starts.

    ## What to do
    Invoke an alias. A version number or `$LATEST` in the ARN is accepted too, but moves with nobody or with everybody.
    """

    id = "C509"
    name = "durable-unqualified"
    severity = ERROR
    bad = {
        "mapping names the bare function": _queue("!GetAtt Orders.Arn"),
        "durable in one branch": _BRANCH,
    }
    good = {
        "mapping names the alias": _queue("!Ref Live"),
        "alias by name": _queue('!Sub "${Orders}:live"'),
        "not durable": _queue("!Ref Orders", "MemorySize: 256"),
    }
    undecided = {"durable from elsewhere": _queue("!Ref Orders", "DurableConfig: !ImportValue durable")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find callers of durable functions whose reference has no qualifier."""
        for function in graph.functions.values():
            durable = function.resource.get("DurableConfig")
            for case in () if durable.is_absent or durable.unknown else durable.cases:
                for edge in function.callers if case.data is not ABSENT else ():
                    when = graph.system.together(edge.when, case.when)
                    if edge.qualifier is not None or when is None:
                        continue
                    message = f"{edge.label} invokes {edge.callee} without a qualifier, and it is a durable function: Lambda refuses every such invocation, and it never starts."
                    fix = f"Invoke an alias of {function.name} instead."
                    yield self.finding(edge.at, message, fix=fix, path=edge.path, when=when)
            graph.note_unknown(durable)
