"""W405 express-too-long."""

from __future__ import annotations

from constructs_lib.limits import EXPRESS_MAX
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.waiting_routes import waiting_routes
from constructs_lib.policy.services.workflows import longest_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_WORKFLOW = """
Checkout:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    StateMachineType: EXPRESS
    Definition:
      StartAt: Charge
      States:
        Charge: {Type: Task, Resource: "arn:aws:states:::sqs:sendMessage", TimeoutSeconds: FIRST, Next: Ship}
        Ship: {Type: Task, Resource: "arn:aws:states:::sqs:sendMessage", TimeoutSeconds: 20, End: true}
Integration:
  Type: AWS::ApiGatewayV2::Integration
  Properties: {IntegrationSubtype: StepFunctions-START, RequestParameters: {StateMachineArn: !Ref Checkout}}
"""
_WAITED_FOR = _WORKFLOW.replace("START", "StartSyncExecution")
_STARTED = _WORKFLOW.replace("START", "StartExecution")


class ExpressTooLong(Rule):
    """A workflow is stopped, or its caller gives up, before its own tasks have to answer.

    ## Why is this bad?
    An express workflow ends after five minutes wherever it stands: no Catch runs, nothing is undone. A gateway that waits
    for one gives up sooner: its caller gets an error and sends the request again, while the first workflow runs on.

    ## What to do
    Shorten the tasks' timeouts (or the timeouts of functions whose task sets none) until the longest way fits, or use a
    standard workflow and answer before it ends. Retries do not count, loops and maps once.
    """

    id = "W405"
    name = "express-too-long"
    severity = ERROR
    limits = (EXPRESS_MAX,)
    bad = {
        "two tasks exceed five minutes": _STARTED.replace("FIRST", "281"),
        "too long in production alone": _STARTED.replace("FIRST", "!If [IsProd, 281, 280]"),
        "gateway gives up first": _WAITED_FOR.replace("FIRST", "10"),
    }
    good = {
        "two tasks fit into five minutes": _STARTED.replace("FIRST", "280"),
        "standard workflow": _STARTED.replace("FIRST", "281").replace("EXPRESS", "STANDARD"),
        "workflow within the gateway's wait": _WAITED_FOR.replace("FIRST", "9"),
    }
    undecided = {"timeout imported": _WAITED_FOR.replace("FIRST", "!ImportValue timeout")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Hold the longest way through each express workflow against its limit and against gateways that wait for it."""
        for machine in graph.of_type("AWS::StepFunctions::StateMachine"):
            for kind, when in graph.known(machine.get("StateMachineType")):
                way = longest_way(graph, machine)
                if kind != "EXPRESS" or way.seconds <= EXPRESS_MAX:
                    continue
                message = (
                    f"Express workflow {machine.name} allows {way.terms} = {way.seconds:g} s, but is stopped after "
                    f"{EXPRESS_MAX} wherever it stands; its own timeouts and Catch do not help then."
                )
                fix = f"Lower the timeouts by {way.seconds - EXPRESS_MAX:g} s in all, or make it a standard workflow."
                yield self.finding(machine.place.at("StateMachineType"), message, fix=fix, when=when)
        for route in waiting_routes(graph):
            way = longest_way(graph, route.machine)
            for wait, when in graph.known(route.wait):
                if wait <= way.seconds:
                    message = (
                        f"{route.label} waits {wait:g} s for workflow {route.machine.name}, which allows {way.terms} = "
                        f"{way.seconds:g} s: the caller gets an error while the workflow runs on."
                    )
                    fix = f"Lower the timeouts of its tasks to < {wait:g} s in all, or answer before it ends."
                    yield self.finding(route.wait.place, message, fix=fix, path=route.path, when=when)
