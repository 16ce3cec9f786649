"""S804 unscoped-invoke-permission."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_PERMISSION = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Bucket: {Type: AWS::S3::Bucket}
Permission:
  Type: AWS::Lambda::Permission
  Properties: {FunctionName: !Ref Orders, Action: ACTION, Principal: PRINCIPAL}
"""
_S3 = _PERMISSION.replace("PRINCIPAL", "s3.amazonaws.com").replace("ACTION", "lambda:InvokeFunction")
_SCOPES = ("SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken")
_URL = ("FunctionUrlAuthType", "InvokedViaFunctionUrl")
# A target group needs the permission before it exists, so that its ARN cannot be named without a cycle.
_CANNOT_BE_SCOPED = ("elasticloadbalancing.amazonaws.com",)


def _with(more: str) -> str:
    return _S3.replace("s3.amazonaws.com}", f"s3.amazonaws.com, {more}}}")


class UnscopedInvokePermission(Rule):
    """Every AWS account can make a service invoke this function.

    ## Why is this bad?
    A permission for a service without a source lets that service invoke the function on behalf of anybody: someone else's
    bucket, topic or API in another account is as good as yours, and its events carry what they like.

    ## What to do
    Name the source with SourceArn; where the ARN is not known yet, the account with SourceAccount.

    ## Known limits
    Load balancers are left out: a target group needs the permission before it has an ARN.
    """

    id = "S804"
    name = "unscoped-invoke-permission"
    severity = WARNING
    bad = {
        "service without a source": _S3,
        "any source": _with("SourceArn: '*'"),
        "everyone": _PERMISSION.replace("PRINCIPAL", "'*'").replace("ACTION", "lambda:InvokeFunction"),
    }
    good = {
        "source named": _with("SourceArn: !GetAtt Bucket.Arn"),
        "account named": _with("SourceAccount: !Ref AWS::AccountId"),
        "another account as principal": _PERMISSION.replace("PRINCIPAL", "'111111111111'").replace(
            "ACTION", "lambda:InvokeFunction"
        ),
        "public function URL": _with("FunctionUrlAuthType: NONE").replace("s3.amazonaws.com", "'*'"),
        "load balancer": _S3.replace("s3", "elasticloadbalancing"),
    }
    undecided = {"principal imported": _S3.replace("s3.amazonaws.com", "!ImportValue principal")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for permissions of services that name no source."""
        for permission in graph.of_type("AWS::Lambda::Permission"):
            principal = permission.get("Principal").texts()
            for text, when in graph.known(permission.get("Principal")):
                wide = text == "*" or (type(text) is str and text.endswith((".amazonaws.com", ".amazon.com")))
                if not wide or text in _CANNOT_BE_SCOPED or _is_scoped(permission):
                    continue
                target = next(graph.invoked(permission.get("FunctionName"), note=False), None)
                name = target.function.name if target else permission.name
                who = (
                    "everyone with an AWS account" if text == "*" else f"{text} on behalf of any AWS account"
                )
                message = f"{name} may be invoked by {who}, because its permission names no source."
                fix = "Add SourceArn with the ARN of what invokes it, or SourceAccount with your account."
                path = (permission.id, target.function.id) if target else ()
                yield self.finding(principal.place, message, fix=fix, path=path, when=when)


def _is_scoped(permission: Resource) -> bool:
    if any(not permission.get(key).is_absent for key in _URL):
        return True
    return any(
        not permission.get(key).is_absent and permission.get(key).texts().only != "*" for key in _SCOPES
    )
