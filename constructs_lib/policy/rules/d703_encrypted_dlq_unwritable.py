"""D703 encrypted-dlq-unwritable."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.dead_letters import own_failure_targets
from constructs_lib.policy.services.writers import QUEUE, TOPIC, lacking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: []}}}
Failed: {Type: AWS::SQS::Queue, Properties: {KmsMasterKeyId: !GetAtt Key.Arn}}
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies: [{PolicyName: failures, PolicyDocument: {Statement: [STATEMENTS]}}]
Notify:
  Type: AWS::Lambda::Function
  Properties: {Role: ROLE, DeadLetterConfig: {TargetArn: !GetAtt Failed.Arn}}
"""
_SEND = "{Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Failed.Arn}"
_KEY = '{Effect: Allow, Action: ["kms:GenerateDataKey*", kms:Decrypt], Resource: !GetAtt Key.Arn}'


_MANAGED = """
Written: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: [STATEMENTS]}}}
"""


def _function(statements: str, role: str = "!GetAtt Role.Arn") -> str:
    return _FUNCTION.replace("STATEMENTS", statements).replace("ROLE", role)


class EncryptedDlqUnwritable(Rule):
    """Failed events are lost, because the function may not write to its own dead-letter queue.

    ## Why is this bad?
    Lambda writes there with the function's role. Into a queue that is encrypted with a customer key the role also needs
    that key, which neither the queue's ARN nor the deployment shows. When an event fails, the write is refused, and
    the event is gone; only the metric DeadLetterErrors or DestinationDeliveryFailures counts it.

    ## What to do
    Allow the role sqs:SendMessage (or sns:Publish), and kms:GenerateDataKey and kms:Decrypt on the key.

    ## Known limits
    A key or role that is not in the given templates is not judged.
    """

    id = "D703"
    name = "encrypted-dlq-unwritable"
    severity = ERROR
    bad = {
        "no use of the key": _function(_SEND),
        "key, but no right to send": _function(_KEY),
        "sending forbidden": _function(f"{_SEND}, {_KEY}, {_SEND.replace('Allow', 'Deny')}"),
        "no use of the key in production": _function(f"{_SEND}, !If [IsProd, !Ref AWS::NoValue, {_KEY}]"),
    }
    good = {
        "both allowed": _function(f"{_SEND}, {_KEY}"),
        "key allows the role itself": _function(_SEND).replace(
            "Statement: []",
            'Statement: [{Effect: Allow, Action: "kms:*", Resource: "*", Principal: {AWS: !GetAtt Role.Arn}}]',
        ),
        "both allowed by a managed policy": _function("").replace(
            "Policies: [{PolicyName: failures, PolicyDocument: {Statement: []}}]",
            "ManagedPolicyArns: [!Ref Written]",
        )
        + _MANAGED.replace("STATEMENTS", f"{_SEND}, {_KEY}"),
        "AWS's own key": _function(_SEND).replace("!GetAtt Key.Arn", "alias/aws/sqs"),
    }
    undecided = {
        "role imported": _function(_SEND, "!ImportValue role"),
        "key policy imported": _function(_SEND).replace(
            "KeyPolicy: {Statement: []}", "KeyPolicy: !ImportValue policy"
        ),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Ask of each dead-letter queue and on-failure destination whether its function's role may write there."""
        for function in graph.functions.values():
            for value in own_failure_targets(graph, function):
                target = graph.designated(value, QUEUE, TOPIC)
                if target is None:
                    graph.note_unknown(value)
                    continue
                missing, key = lacking(graph, function, target)
                if missing:
                    said = " and ".join(missing)
                    locked = f" (encrypted with {key.name})" if key else ""
                    message = f"The role of {function.name} has no {said}, so it cannot write to {target.name}{locked}: failed events are lost."
                    path = (function.id, target.id, *([key.id] if key else []))
                    yield self.finding(value.place, message, fix=f"Allow the role {said}.", path=path)
