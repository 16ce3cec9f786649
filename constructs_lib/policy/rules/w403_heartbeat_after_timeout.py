"""W403 heartbeat-after-timeout."""

from __future__ import annotations

from constructs_lib.limits import TASK_TIMEOUT_DEFAULT
from constructs_lib.policy.edges.step_functions import seconds_of, tasks
from constructs_lib.policy.rule import ERROR, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_WORKFLOW = """
Requests: {Type: AWS::SQS::Queue}
Approval:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    Definition:
      StartAt: Ask
      States:
        Ask:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
          Parameters: {QueueUrl: !Ref Requests, MessageBody.$: $$.Task.Token}
          WAITS
          End: true
"""


def _workflow(*waits: str) -> str:
    return _WORKFLOW.replace("WAITS", "\n          ".join(waits))


class HeartbeatAfterTimeout(Rule):
    """A heartbeat that is due after the task's end can never be missed.

    ## Why is this bad?
    HeartbeatSeconds is there to notice a dead worker early. Where the task's timeout comes first, a worker that died at
    once is noticed only then, and Step Functions refuses such a definition.

    ## What to do
    Set HeartbeatSeconds below TimeoutSeconds, well below, so that a missed heartbeat saves time.
    """

    id = "W403"
    name = "heartbeat-after-timeout"
    severity = ERROR
    limits = (TASK_TIMEOUT_DEFAULT,)
    bad = {
        "heartbeat after the timeout": _workflow("TimeoutSeconds: 300", "HeartbeatSeconds: 600"),
        "heartbeat at the timeout": _workflow("TimeoutSeconds: 300", "HeartbeatSeconds: 300"),
    }
    good = {
        "heartbeat before the timeout": _workflow("TimeoutSeconds: 300", "HeartbeatSeconds: 60"),
        "heartbeat alone": _workflow("HeartbeatSeconds: 600"),
    }
    undecided = {
        "heartbeat from the input": _workflow("TimeoutSeconds: 300", "HeartbeatSecondsPath: $.beat"),
        "heartbeat imported": _workflow("TimeoutSeconds: 300", "HeartbeatSeconds: !ImportValue beat"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare the heartbeat of every task, whatever it runs, with its timeout."""
        for machine in graph.of_type("AWS::StepFunctions::StateMachine"):
            for task in tasks(graph, machine):
                heartbeat = seconds_of(task.state, "HeartbeatSeconds")
                timeout = seconds_of(task.state, "TimeoutSeconds").default(float(TASK_TIMEOUT_DEFAULT))
                for beat, ends, when in graph.known(heartbeat, timeout):
                    if beat < ends:
                        continue
                    message = (
                        f"Task {task.name} of {machine.name} ends after {ends:g} s and expects its first heartbeat within "
                        f"{beat:g} s: a worker that died is noticed only at the end."
                    )
                    fix = f"Lower HeartbeatSeconds to < {ends:g}."
                    yield self.finding(heartbeat.place, message, fix=fix, when=when)
