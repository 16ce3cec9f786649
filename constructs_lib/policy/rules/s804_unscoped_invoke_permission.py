"""S804 unscoped-invoke-permission."""

from __future__ import annotations

from textwrap import indent

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.values.text import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource
    from constructs_lib.policy.values.cases import When

_PERMISSION = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Bucket: {Type: AWS::S3::Bucket}
Permission:
  Type: AWS::Lambda::Permission
  Properties: {FunctionName: !Ref Orders, Action: ACTION, Principal: PRINCIPAL}
"""
_S3 = _PERMISSION.replace("PRINCIPAL", "s3.amazonaws.com").replace("ACTION", "lambda:InvokeFunction")
_SCOPES = ("SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken")
_SERVICES = (".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".<AWS::URLSuffix>")
_URL = ("FunctionUrlAuthType", "InvokedViaFunctionUrl")
# A target group needs the permission before it exists, so that its ARN cannot be named without a cycle.
_CANNOT_BE_SCOPED = ("elasticloadbalancing.amazonaws.com",)


_STAGES = """
Parameters: {Stage: {Type: String}}
Conditions: {IsProduction: !Equals [!Ref Stage, production]}
Resources:
"""


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
        "source in production alone": _STAGES
        + indent(_with("SourceArn: !If [IsProduction, !GetAtt Bucket.Arn, !Ref AWS::NoValue]"), "  "),
        "any source in production alone": _with("SourceArn: !If [IsProd, '*', !GetAtt Bucket.Arn]"),
        "service by the partition's suffix": _S3.replace("s3.amazonaws.com", '!Sub "s3.${AWS::URLSuffix}"'),
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
                wide = text == "*" or (type(text) is str and show(text).endswith(_SERVICES))
                unscoped = next(_unscoped(graph, permission, when), None) if wide else None
                if unscoped is None or text in _CANNOT_BE_SCOPED:
                    continue
                target = next(graph.invoked(permission.get("FunctionName"), note=False), None)
                name = target.function.name if target else permission.name
                who = (
                    "everyone with an AWS account"
                    if text == "*"
                    else f"{show(text)} on behalf of any AWS account"
                )
                message = f"{name} may be invoked by {who}, because its permission names no source."
                fix = "Add SourceArn with the ARN of what invokes it, or SourceAccount with your account."
                path = (permission.id, target.function.id) if target else ()
                yield self.finding(principal.place, message, fix=fix, path=path, when=unscoped)


def _unscoped(graph: Graph, permission: Resource, when: When) -> Iterator[When]:
    """List the conditions under which a permission names no source; "*" is as good as none."""
    named = [permission.get(key) for key in (*_URL, *_SCOPES)]
    yield from graph.absent(*(each for each in named if each.texts().only != "*"), given=when)
