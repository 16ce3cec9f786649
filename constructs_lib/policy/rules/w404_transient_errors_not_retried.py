"""W404 transient-errors-not-retried."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.retries import unretried
from constructs_lib.policy.services.warmers import sends_warm_ups
from constructs_lib.policy.services.workflows import lambda_tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_WORKFLOW = """
Charge: {Type: AWS::Lambda::Function, Properties: {Timeout: 30}}
Checkout:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    Definition:
      StartAt: Charge
      States:
        Charge: {Type: Task, Resource: !GetAtt Charge.Arn, TimeoutSeconds: 40, Retry: RETRY, End: true}
"""
_IF = """
Parameters: {Stage: {Type: String}}
Conditions: {IsProduction: {"Fn::Equals": [!Ref Stage, prod]}}
Resources:
  Charge: {Type: AWS::Lambda::Function, Properties: {Timeout: 30}}
  Checkout:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      Definition:
        StartAt: Charge
        States:
          Charge:
            Type: Task
            Resource: !GetAtt Charge.Arn
            TimeoutSeconds: 40
            Retry: !If [IsProduction, [{ErrorEquals: [States.ALL]}], !Ref AWS::NoValue]
            End: true
"""
_FOUR = "Lambda.ServiceException, Lambda.AWSLambdaException, Lambda.SdkClientException, Lambda.TooManyRequestsException"
_THREE = _FOUR.removesuffix(", Lambda.TooManyRequestsException")


def _workflow(*retriers: str) -> str:
    return _WORKFLOW.replace("RETRY", f"[{', '.join(retriers)}]")


class TransientErrorsNotRetried(Rule):
    """A throttle or a hiccup of Lambda, over in a second, fails the whole execution.

    ## Why is this bad?
    Lambda now and then answers with an error of its own, and throttles when too much runs at once. Step Functions does not
    retry these by itself: work that was half done stays half done.

    ## What to do
    Retry all four with back-off: Lambda.ServiceException, Lambda.AWSLambdaException, Lambda.SdkClientException and
    Lambda.TooManyRequestsException. CDK's own default (retryOnServiceExceptions) leaves the last one out.

    ## Known limits
    A Retry on the Map or Parallel around the task counts too. A Catch does not: it ends the work in another way. A
    warm-up event of this library is not meant to be retried.
    """

    id = "W404"
    name = "transient-errors-not-retried"
    severity = WARNING
    bad = {
        "retried in production alone": _IF,
        "no retry": _workflow(),
        "throttles left out": _workflow(f"{{ErrorEquals: [{_THREE}], MaxAttempts: 6}}"),
        "retried no times": _workflow("{ErrorEquals: [States.ALL], MaxAttempts: 0}"),
        "an earlier retrier forbids it": _workflow(
            "{ErrorEquals: [Lambda.TooManyRequestsException], MaxAttempts: 0}", "{ErrorEquals: [States.ALL]}"
        ),
    }
    good = {
        "all four": _workflow(f"{{ErrorEquals: [{_FOUR}], MaxAttempts: 6, BackoffRate: 2}}"),
        "everything": _workflow("{ErrorEquals: [States.ALL]}"),
        "a warm-up": _workflow().replace(
            "Resource: !GetAtt Charge.Arn",
            'Resource: "arn:aws:states:::lambda:invoke", '
            'Parameters: {FunctionName: !GetAtt Charge.Arn, Payload: {"constructs-lib:warm-up": {hold: 1}}}',
        ),
        "in two retriers": _workflow(
            f"{{ErrorEquals: [{_THREE}]}}",
            "{ErrorEquals: [Lambda.TooManyRequestsException], MaxAttempts: 10}",
        ),
    }
    undecided = {"errors imported": _workflow("{ErrorEquals: [!ImportValue errors]}")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for the transient errors that the retriers of each Lambda task leave out."""
        for task, edge in lambda_tasks(graph):
            said = "" if sends_warm_ups(task.state) else ", ".join(unretried(graph, task))
            if not said:
                continue
            message = (
                f"Task {edge.label} of {edge.source.name} does not retry {said}: when {edge.callee} is throttled or Lambda "
                "falters for a second, the execution fails."
            )
            fix = f"Add {said} to a Retry with back-off."
            yield self.finding(edge.at.at("Retry"), message, fix=fix, path=edge.path, when=edge.when)
