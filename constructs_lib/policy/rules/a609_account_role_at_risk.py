"""A609 account-role-at-risk."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_ACCOUNT = """
Role: {Type: AWS::IAM::Role, DeletionPolicy: ROLE, Properties: {AssumeRolePolicyDocument: {}}}
Account: {Type: AWS::ApiGateway::Account, DeletionPolicy: KEPT, Properties: {CloudWatchRoleArn: !GetAtt Role.Arn}}
"""
_KEEPS = ("Retain", "RetainExceptOnCreate")


def _account(kept: str, role: str) -> str:
    return _ACCOUNT.replace("KEPT", kept).replace("ROLE", role)


class AccountRoleAtRisk(Rule):
    """Deleting one stack ends the logs of every API in the account.

    ## Why is this bad?
    An account has one CloudWatch role for all its REST APIs in a region, and whichever stack sets it last owns it. When
    that stack goes, the setting or its role goes with it, and every other API stops logging without an error.

    ## What to do
    Set `DeletionPolicy: Retain` on the `AWS::ApiGateway::Account` and on its role, or keep both in a stack of their own.
    """

    id = "A609"
    name = "account-role-at-risk"
    severity = WARNING
    bad = {
        "neither is kept": _account("Delete", "Delete"),
        "the role goes": _account("Retain", "Delete"),
        "the role goes in production alone": _account("Retain", "Delete").replace(
            "!GetAtt Role.Arn", "!If [IsProd, !GetAtt Role.Arn, !ImportValue role]"
        ),
    }
    good = {
        "both are kept": _account("Retain", "Retain"),
        "kept unless their creation fails": _account("RetainExceptOnCreate", "RetainExceptOnCreate"),
        "role from elsewhere": _account("Retain", "Delete").replace("!GetAtt Role.Arn", "!ImportValue role"),
    }
    undecided = {"decided elsewhere": _account("!ImportValue policy", "Retain")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look at the deletion policy of each account setting and of its role."""
        for account in graph.of_type("AWS::ApiGateway::Account"):
            role = graph.designated(account.get("CloudWatchRoleArn"), "AWS::IAM::Role")
            policies = [policy for policy, _ in graph.known(_deletion_policy(account))]
            resource = account if any(policy not in _KEEPS for policy in policies) else role
            if resource is role:
                policies = [policy for policy, _ in graph.known(_deletion_policy(role))] if role else []
            if resource is not None and any(policy not in _KEEPS for policy in policies):
                message = (
                    f"{resource.name} holds the CloudWatch role of all REST APIs in this account and region, and is deleted "
                    "with this stack: every other API there then stops logging."
                )
                fix = f"Set DeletionPolicy: Retain on {resource.id}."
                path = tuple(dict.fromkeys((account.id, resource.id)))
                yield self.finding(resource.place, message, fix=fix, path=path)


def _deletion_policy(resource: Resource) -> Value:
    raw = resource.raw.get("DeletionPolicy", "Delete")
    return Value(resource.stack.resolve(raw), resource.place, resource.stack)
