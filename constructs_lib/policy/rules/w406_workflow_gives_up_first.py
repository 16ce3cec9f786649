"""W406 workflow-gives-up-first."""

from __future__ import annotations

from constructs_lib.policy.edges.step_functions import definition
from constructs_lib.policy.rule import ERROR, WARNING, Finding, Rule
from constructs_lib.policy.services.workflows import longest_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Edge, Graph
    from constructs_lib.policy.values import Resource, Value

_WORKFLOW = """
Charge: {Type: AWS::Lambda::Function, Properties: {Timeout: 30}}
Checkout:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    Definition:
      StartAt: Charge
      TimeoutSeconds: SECONDS
      States:
        Charge: {Type: Task, Resource: !GetAtt Charge.Arn, TimeoutSeconds: 40, Retry: [{ErrorEquals: [States.ALL]}], Next: Ship}
        Ship: {Type: Task, Resource: "arn:aws:states:::sqs:sendMessage", TimeoutSeconds: 10, End: true}
"""


class WorkflowGivesUpFirst(Rule):
    """A workflow is stopped as a whole before its own tasks have to answer.

    ## Why is this bad?
    The execution then ends where it stands: no Retry, no Catch, nothing is undone. A function that it has invoked runs on.

    ## What to do
    Set TimeoutSeconds of the state machine above what its tasks may take together, with room for retries, which do not
    count here, as loops and maps count once.
    """

    id = "W406"
    name = "workflow-gives-up-first"
    severity = ERROR
    bad = {
        "stopped while its function runs": _WORKFLOW.replace("SECONDS", "5"),
        "stopped before its tasks have to answer": _WORKFLOW.replace("SECONDS", "45"),
        "stopped before its tasks in production alone": _WORKFLOW.replace("SECONDS", "!If [IsProd, 45, 600]"),
    }
    good = {
        "longer than its tasks together": _WORKFLOW.replace("SECONDS", "600"),
        "no timeout of its own": _WORKFLOW.replace("TimeoutSeconds: SECONDS", "Comment: none"),
    }
    undecided = {"timeout imported": _WORKFLOW.replace("SECONDS", "!ImportValue timeout")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Hold each state machine's own timeout against its functions, then against the longest way through it."""
        invoked: dict[Resource, list[Edge]] = {}
        for edge in graph.edges_of("states"):
            invoked.setdefault(edge.source, []).append(edge)
        for machine in graph.of_type("AWS::StepFunctions::StateMachine"):
            own = definition(graph, machine).get("TimeoutSeconds").numbers()
            outlived = list(self._outlived(graph, machine, own, invoked.get(machine, [])))
            yield from outlived or self._stopped(graph, machine, own)

    def _outlived(self, graph: Graph, machine: Resource, own: Value, edges: list[Edge]) -> Iterator[Finding]:
        for edge in edges:
            for most, runs, when in graph.known(own, edge.function.timeout, given=edge.when):
                if edge.wait is None or most > runs:
                    continue
                message = (
                    f"Workflow {machine.name} is stopped after {most:g} s, and {edge.callee}, which its task {edge.label} "
                    f"invokes, may run {runs:g} s: no Retry or Catch runs, and the function goes on alone."
                )
                fix = f"Raise TimeoutSeconds of the state machine to > {runs:g}."
                yield self.finding(own.place, message, fix=fix, path=edge.path, when=when)

    def _stopped(self, graph: Graph, machine: Resource, own: Value) -> Iterator[Finding]:
        way = longest_way(graph, machine, stopped=False)
        for most, when in graph.known(own):
            if most < way.seconds:
                message = (
                    f"Workflow {machine.name} is stopped after {most:g} s, and its tasks may take {way.terms} = "
                    f"{way.seconds:g} s: it can end where it stands, without Retry or Catch."
                )
                fix = f"Raise TimeoutSeconds of the state machine to >= {way.seconds:g}, or shorten its tasks' timeouts."
                yield self.finding(own.place, message, fix=fix, when=when, severity=WARNING)
