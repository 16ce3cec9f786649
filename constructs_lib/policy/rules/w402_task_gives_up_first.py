"""W402 task-gives-up-first."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, WARNING, Finding, Rule
from constructs_lib.timeouts.inequalities import callee_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_WORKFLOW = """
Charge:
  Type: AWS::Lambda::Function
  Properties: {Timeout: 30}
  Metadata: {constructs-lib: {init: 4}}
Checkout:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    DefinitionString: !Sub >-
      {"StartAt": "Charge", "States": {"Charge": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
      "Parameters": {"FunctionName": "${Charge.Arn}"}, "TimeoutSeconds": SECONDS, "End": true}}}
"""
_SUBSTITUTED = """
Parameters: {Stage: {Type: String}}
Conditions: {IsProduction: {"Fn::Equals": [!Ref Stage, prod]}}
Resources:
  Charge: {Type: AWS::Lambda::Function, Properties: {Timeout: 30}}
  Checkout:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionSubstitutions: {Patience: !If [IsProduction, 60, 30], Function: !GetAtt Charge.Arn}
      DefinitionString: >-
        {"StartAt": "Charge", "States": {"Charge": {"Type": "Task", "Resource": "${Function}",
        "TimeoutSeconds": ${Patience}, "End": true}}}
"""


class TaskGivesUpFirst(Rule):
    """The workflow gives up on a task while its function still runs, and starts the work again.

    ## Why is this bad?
    The task fails with States.Timeout, its Retry invokes the function a second time while the first invocation still
    writes, and the work is done twice.

    ## What to do
    Set TimeoutSeconds above the function's init and timeout together.
    """

    id = "W402"
    name = "task-gives-up-first"
    severity = ERROR
    bad = {
        "substituted by a condition": _SUBSTITUTED,
        "task ends with the function": _WORKFLOW.replace("SECONDS", "30"),
        "task ends before a cold start has": _WORKFLOW.replace("SECONDS", "34"),
    }
    good = {"task outlasts init and timeout": _WORKFLOW.replace("SECONDS", "35")}
    undecided = {"timeout imported": _WORKFLOW.replace("SECONDS", "${Missing}")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare each Lambda task's TimeoutSeconds with its function's timeout, then with init and timeout."""
        for edge in graph.edges_of("states"):
            if edge.wait is None:
                continue
            init = edge.function.init or 0
            for wait, runs, when in graph.known(edge.wait, edge.function.timeout, given=edge.when):
                bound = callee_above(init, runs)
                if wait > bound:
                    continue
                needs = (
                    f"run {runs:g} s"
                    if wait <= runs
                    else f"take {init:g} s init + {runs:g} s timeout = {bound:g} s"
                )
                message = (
                    f"Task {edge.label} of {edge.source.name} waits {wait:g} s for {edge.callee}, which may {needs}: the "
                    "workflow gives up first, retries, and the work is done twice."
                )
                fix = f"Raise TimeoutSeconds to > {bound:g} or lower the function's Timeout to < {wait - init:g}."
                severity = ERROR if wait <= runs else WARNING
                yield self.finding(
                    edge.wait.place, message, fix=fix, path=edge.path, when=when, severity=severity
                )
