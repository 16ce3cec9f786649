"""T105 trigger-limit."""

from __future__ import annotations

from constructs_lib.limits import (
    COGNITO_TRIGGER_ATTEMPTS,
    COGNITO_TRIGGER_WAIT,
    EDGE_ORIGIN_TIMEOUT,
    EDGE_VIEWER_TIMEOUT,
)
from constructs_lib.policy.rule import ERROR, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_POOL = """
Check: {Type: AWS::Lambda::Function, Properties: {Timeout: FUNCTION}}
Users: {Type: AWS::Cognito::UserPool, Properties: {LambdaConfig: {TRIGGER}}}
"""
_SIGN_UP = _POOL.replace("TRIGGER", "PreSignUp: !GetAtt Check.Arn")
_EDGE = """
Rewrite: {Type: AWS::Lambda::Function, Properties: {Timeout: FUNCTION}}
Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Rewrite}}
Site:
  Type: AWS::CloudFront::Distribution
  Properties:
    DistributionConfig:
      DefaultCacheBehavior:
        LambdaFunctionAssociations: [{EventType: EVENT, LambdaFunctionARN: !Ref Version}]
"""


class TriggerLimit(Rule):
    """A function may run longer than the service that triggers it allows, and the limit is fixed.

    ## Why is this bad?
    Cognito waits 5 s for a trigger and calls it again, three times in all, before the user's sign-in fails; the earlier
    invocations run on, and what they do is done up to three times. CloudFront refuses the deployment: an edge function may
    run 5 s on viewer events and 30 s on origin events.

    ## What to do
    Lower the function's timeout to the limit, and hand slow work to a queue.
    """

    id = "T105"
    name = "trigger-limit"
    severity = ERROR
    limits = (COGNITO_TRIGGER_WAIT, COGNITO_TRIGGER_ATTEMPTS, EDGE_ORIGIN_TIMEOUT, EDGE_VIEWER_TIMEOUT)
    bad = {
        "Cognito trigger": _SIGN_UP.replace("FUNCTION", "10"),
        "Cognito trigger with a version of its event": _POOL.replace(
            "TRIGGER", "PreTokenGenerationConfig: {LambdaArn: !GetAtt Check.Arn, LambdaVersion: V2_0}"
        ).replace("FUNCTION", "6"),
        "viewer event": _EDGE.replace("FUNCTION", "6").replace("EVENT", "viewer-request"),
        "origin event": _EDGE.replace("FUNCTION", "31").replace("EVENT", "origin-response"),
    }
    good = {
        "Cognito trigger within 5 s": _SIGN_UP.replace("FUNCTION", "5"),
        "Cognito sender, which nothing waits for": _POOL.replace(
            "TRIGGER", "CustomEmailSender: {LambdaArn: !GetAtt Check.Arn, LambdaVersion: V1_0}"
        ).replace("FUNCTION", "60"),
        "origin event within 30 s": _EDGE.replace("FUNCTION", "30").replace("EVENT", "origin-request"),
    }
    undecided = {"timeout comes from elsewhere": _SIGN_UP.replace("FUNCTION", "!ImportValue trigger-timeout")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare the timeout of each trigger with its service's limit."""
        for edge in graph.edges_of("cognito", "edge"):
            timeout = edge.function.timeout
            if edge.wait is None:
                continue
            for wait, runs, when in graph.known(edge.wait, timeout, given=edge.when):
                if runs <= wait:
                    continue
                harm = _COGNITO if edge.kind == "cognito" else _CLOUDFRONT
                message = f"{edge.label} allows {wait:g} s, but {edge.callee} may run {runs:g} s: {harm}."
                fix = f"Lower Timeout to <= {wait:g}."
                yield self.finding(timeout.place, message, fix=fix, path=edge.path, when=when)


_COGNITO = f"Cognito calls it again, {COGNITO_TRIGGER_ATTEMPTS} in all, then fails the user's request"
_CLOUDFRONT = "CloudFront refuses to attach it"
