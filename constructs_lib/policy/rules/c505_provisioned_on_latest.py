"""C505 provisioned-on-latest."""

from __future__ import annotations

from constructs_lib.policy.function import LATEST
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.scaling import is_missed, provisions_latest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_ORDERS = "Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}"
_WARM = "ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 5}"
_ALIAS = f"""
{_ORDERS}
Version: {{Type: AWS::Lambda::Version, Properties: {{FunctionName: !Ref Orders}}}}
Live: {{Type: AWS::Lambda::Alias, Properties: {{Name: live, FunctionName: !Ref Orders, FunctionVersion: NUMBER, {_WARM}}}}}
"""
_VERSION = f"""
{_ORDERS}
Version: {{Type: AWS::Lambda::Version, Properties: {{FunctionName: !Ref Orders, {_WARM}}}}}
Url: {{Type: AWS::Lambda::Url, Properties: {{TargetFunctionArn: TARGET, AuthType: AWS_IAM}}}}
"""
_SCALED = f"""
{_ORDERS}
Scaling: {{Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {{ResourceId: !Sub "function:${{Orders}}:live"}}}}
"""


class ProvisionedOnLatest(Rule):
    """Provisioned concurrency stands where it cannot be, or where nobody meets it.

    ## Why is this bad?
    Lambda provisions published versions only: on `$LATEST` the deployment fails. On a version that nothing invokes it is
    billed, and every caller still meets cold starts.

    ## What to do
    Publish a version, point an alias at it, put the provisioned concurrency on the alias, and let callers invoke that.
    """

    id = "C505"
    name = "provisioned-on-latest"
    severity = ERROR
    bad = {
        "alias of $LATEST": _ALIAS.replace("NUMBER", LATEST),
        "version that nobody invokes": _VERSION.replace("TARGET", "!GetAtt Orders.Arn"),
        "scaling of $LATEST": _SCALED.replace("live", LATEST),
        "version that nobody invokes in production": _VERSION.replace(
            "TARGET", "!If [IsProd, !GetAtt Orders.Arn, !Ref Version]"
        ),
    }
    good = {
        "alias of a version": _ALIAS.replace("NUMBER", "!GetAtt Version.Version"),
        "version that is invoked": _VERSION.replace("TARGET", "!Ref Version"),
        "scaling of an alias": _SCALED,
    }
    undecided = {"version imported": _ALIAS.replace("NUMBER", "!ImportValue version")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look at what each provisioned or scaled qualifier stands for."""
        for what, value, path, when in provisions_latest(graph):
            message = f"{what} is to keep $LATEST warm, which Lambda refuses: the deployment fails."
            fix = "Publish a version, point an alias at it, and provision on the alias."
            yield self.finding(value.place, message, fix=fix, path=path, when=when)
        for function in graph.functions.values():
            for warm in function.provisioned:
                if not is_missed(function, warm):
                    continue
                callers = ", ".join(sorted({edge.callee for edge in function.callers}))
                message = f"Version {warm.resource.name} is kept warm, but callers invoke {callers}: they meet cold starts while its environments idle and are billed."
                fix = "Put the provisioned concurrency on an alias, and let callers invoke that."
                path = (warm.resource.id, function.id)
                yield self.finding(warm.amount.place, message, fix=fix, path=path, when=warm.resource.when)
