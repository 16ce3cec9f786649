"""C507 warmer-misses."""

from __future__ import annotations

from constructs_lib.policy.function import LATEST
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.warmers import is_warmer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 5, DeadLetterConfig: {TargetArn: !GetAtt Failed.Arn}}}
Failed: {Type: AWS::SQS::Queue}
Live: {Type: AWS::Lambda::Alias, Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: "1"}}
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: !Ref Live}}
"""
_RULE = f"""{_API}
KeepWarm:
  Type: AWS::Events::Rule
  Properties: {{ScheduleExpression: rate(5 minutes), Targets: [{{Id: a, Arn: TARGET, Input: '{{"warmer": true}}'}}]}}
"""
_SCHEDULE = f"""{_API}
Ping:
  Type: AWS::Scheduler::Schedule
  Properties: {{ScheduleExpression: rate(5 minutes), Description: warm-up, Target: {{Arn: TARGET}}}}
"""
_TASK = """{Type: Task, Resource: "arn:aws:states:::lambda:invoke", TimeoutSeconds: 10, End: true,
  Parameters: {FunctionName: TARGET, Payload: {"constructs-lib:warm-up": {hold: 1}}}}"""
_WORKFLOW = f"""{_API}
AtOnce: {{Type: AWS::StepFunctions::StateMachine, Properties: {{Definition: {{StartAt: WarmUp, States: {{WarmUp: {_TASK}}}}}}}}}
"""


class WarmerMisses(Rule):
    """The warmer keeps environments warm that no caller is sent to.

    ## Why is this bad?
    Environments belong to a version. A warmer that invokes the bare function warms `$LATEST`, while callers of the alias
    meet every cold start, and the warming is paid for all the same.

    ## What to do
    Let the warmer invoke the same alias as the callers do, or use provisioned concurrency.

    ## Known limits
    A schedule counts as a warmer when its name, description or input says so (`warm`, `keep-alive`), a workflow's task when
    it sends the warm-up event of this library.
    """

    id = "C507"
    name = "warmer-misses"
    severity = WARNING
    bad = {
        "schedule that pings": _RULE.replace("KeepWarm", "Often")
        .replace("warmer", "ping")
        .replace("TARGET", "!Ref Orders"),
        "rule invokes the bare function": _RULE.replace("TARGET", "!GetAtt Orders.Arn"),
        "workflow invokes the bare function": _WORKFLOW.replace("TARGET", "!GetAtt Orders.Arn"),
        "schedule invokes another alias": _SCHEDULE.replace("TARGET", '!Sub "${Orders.Arn}:beta"'),
    }
    good = {
        "rule invokes the alias": _RULE.replace("TARGET", "!Ref Live"),
        "workflow invokes the alias": _WORKFLOW.replace("TARGET", "!Ref Live"),
        "schedule that does work": _SCHEDULE.replace("warm-up", "report").replace(
            "TARGET", "!GetAtt Orders.Arn"
        ),
    }
    undecided = {
        "qualifier imported": _RULE.replace("TARGET", "!Join [':', [!GetAtt Orders.Arn, !ImportValue stage]]")
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare what each warmer invokes with what the other callers of its function invoke."""
        for warmer in filter(is_warmer, graph.edges_of("events", "scheduler", "states")):
            function = warmer.function
            others = [edge for edge in function.callers if not is_warmer(edge)]
            used = {function.behind(edge.qualifier or LATEST) for edge in others}
            warmed = function.behind(warmer.qualifier or LATEST)
            unclear = [reason for each in (warmed, *sorted(used)) if (reason := function.unclear(each))]
            if unclear:
                graph.coverage.undecided(warmer.at, unclear[0])
            elif used and warmed not in used:
                message = (
                    f"{warmer.label} keeps {warmer.callee} ({warmer.qualifier or LATEST}) warm, but {others[0].label} invokes "
                    f"{others[0].callee}: its callers meet cold starts all the same."
                )
                fix = f"Let {warmer.label} invoke {others[0].callee}."
                yield self.finding(warmer.at, message, fix=fix, path=warmer.path, when=warmer.when)
