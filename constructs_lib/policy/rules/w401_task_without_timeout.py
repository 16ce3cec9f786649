"""W401 task-without-timeout."""

from __future__ import annotations

from constructs_lib.limits import EXPRESS_MAX, TASK_TIMEOUT_DEFAULT
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.workflows import is_express

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
        Charge: {Type: Task, Resource: !GetAtt Charge.Arn, End: true, TIMEOUT}
"""
_EXPRESS = _WORKFLOW.replace("    Definition:", "    StateMachineType: EXPRESS\n    Definition:")


class TaskWithoutTimeout(Rule):
    """A workflow waits for a task that will never answer, for three years.

    ## Why is this bad?
    Without TimeoutSeconds a task may take 99,999,999 s, or all five minutes of an express workflow. When an answer is
    lost, the execution hangs, no alarm rings, and whatever waits for the workflow waits too.

    ## What to do
    Set TimeoutSeconds above the function's timeout and its init.
    """

    id = "W401"
    name = "task-without-timeout"
    severity = WARNING
    limits = (TASK_TIMEOUT_DEFAULT, EXPRESS_MAX)
    bad = {
        "no timeout": _WORKFLOW.replace("TIMEOUT", "Comment: none"),
        "express workflow": _EXPRESS.replace("TIMEOUT", "Comment: none"),
    }
    good = {"timeout above the function's": _WORKFLOW.replace("TIMEOUT", "TimeoutSeconds: 40")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find Lambda tasks whose TimeoutSeconds is not set."""
        for edge in graph.edges_of("states"):
            if edge.wait is None:
                continue
            for when in graph.absent(edge.wait, given=edge.when):
                most = EXPRESS_MAX if is_express(edge.source) else TASK_TIMEOUT_DEFAULT
                message = (
                    f"Task {edge.label} of {edge.source.name} waits for {edge.callee} without a timeout of its own, so up to "
                    f"{float(most):,.0f} s: an answer that is lost hangs the execution and no alarm rings."
                )
                runs = edge.function.timeout.only
                least = "its function's timeout" if runs is None else f"{runs:g}, its function's timeout"
                fix = f"Set TimeoutSeconds to > {least}."
                yield self.finding(edge.wait.place, message, fix=fix, path=edge.path, when=when)
