"""What happens to one batch, in an execution of its own: open, work until done, finish; or report and fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constructs_lib.limits import HISTORY_EVENTS_MAX
from constructs_lib.workflow.states import (
    SERVICE_RETRIES,
    caught,
    fail_as_caught,
    invocation,
    service,
    update,
)

if TYPE_CHECKING:
    from constructs_lib.timeouts.budget import TimeoutBudget
    from constructs_lib.workflow.retries import TaskRetries

TOO_MANY_ROUNDS = "ChunkedWorkflow.TooManyRounds"

_EVENTS_OF_A_STATE = 2  # entered, exited
_EVENTS_OF_AN_ATTEMPT = 3  # scheduled, started, succeeded or failed
_EVENTS_AROUND_THE_ROUNDS = 100  # opening, finishing, reporting, the execution's own

_RECORD = {
    "status.$": "$.Attributes.status.S",
    "checkpoint.$": "States.StringToJson($.Attributes.checkpoint.S)",
    "rounds.$": "States.StringToJson($.Attributes.rounds.N)",
}


def rounds_within_history(retries: TaskRetries) -> int:
    """How often a batch may go on from a checkpoint before its execution's history could be full.

    Example:
        >>> from constructs_lib.workflow.retries import TaskRetries
        >>> rounds_within_history(TaskRetries())
        529
    """
    work = _EVENTS_OF_A_STATE + _EVENTS_OF_AN_ATTEMPT * retries.attempts
    save = _EVENTS_OF_A_STATE + _EVENTS_OF_AN_ATTEMPT * SERVICE_RETRIES.attempts
    choices = 2 * _EVENTS_OF_A_STATE
    return int(HISTORY_EVENTS_MAX - _EVENTS_AROUND_THE_ROUNDS) // (work + save + choices)


def batch_workflow(budget: TimeoutBudget, retries: TaskRetries, rounds: int) -> dict[str, Any]:
    """Define the child workflow.

    The worker gets its batch together with the last checkpoint that it answered, also of an earlier execution. An
    answer with a checkpoint means "not done yet": it is saved, and the worker is invoked again. A batch that is marked as
    done is not worked on again. A batch whose worker fails for good ends in the failure queue with its items and error,
    is marked as failed, and fails its own execution only.

    Args:
        budget: the worker's.
        retries: of the worker.
        rounds: how often the worker may be invoked for one batch in one execution.
    """
    more = {"And": [_checkpoint(IsPresent=True), _checkpoint(IsNull=False)], "Next": "Save checkpoint"}
    states: dict[str, Any] = {
        "Name the batch": {
            "Type": "Pass",
            "Parameters": {
                "run.$": "$.BatchInput.run",
                "expires.$": "$.BatchInput.expires",
                "input.$": "$.BatchInput.input",
                # Where it starts and how long it is: the same in every execution of the run.
                "batch.$": "States.Format('{}+{}', $.Items[0].index, States.ArrayLength($.Items))",
                "items.$": "$.Items[*].item",
            },
            "Next": "Open",
        },
        "Open": update(
            "$.batch",
            "SET #status = if_not_exists(#status, :open), checkpoint = if_not_exists(checkpoint, :none), "
            "rounds = :zero, expires = :expires",
            {"open": "open", "none": "null"},
            ResultSelector=_RECORD,
            ResultPath="$.record",
            Catch=caught("Report"),
            Next="Batch done before?",
        ),
        "Batch done before?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.record.status", "StringEquals": "done", "Next": "Skip"}],
            "Default": "Work",
        },
        "Skip": {"Type": "Pass", "OutputPath": "$.batch", "End": True},
        "Work": invocation(
            "Worker",
            {
                "run.$": "$.run",
                "batch.$": "$.batch",
                "items.$": "$.items",
                "input.$": "$.input",
                "checkpoint.$": "$.record.checkpoint",
            },
            budget,
            retries,
            ResultPath="$.work",
            Catch=caught("Report"),
            Next="More?",
        ),
        "More?": {"Type": "Choice", "Choices": [more], "Default": "Finish"},
        "Save checkpoint": update(
            "$.batch",
            "SET checkpoint = :checkpoint ADD rounds :one",
            {"checkpoint": "States.JsonToString($.work.answer.checkpoint)"},
            ResultSelector=_RECORD,
            ResultPath="$.record",
            Catch=caught("Report"),
            Next="Rounds left?",
        ),
        "Rounds left?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.record.rounds", "NumericLessThan": rounds, "Next": "Work"}],
            "Default": "Too many rounds",
        },
        "Too many rounds": {
            "Type": "Pass",
            "Result": {
                "Error": TOO_MANY_ROUNDS,
                "Cause": f"not done after {rounds} invocations; its last checkpoint is saved, start the run again to go on",
            },
            "ResultPath": "$.error",
            "Next": "Report",
        },
        "Finish": update(
            "$.batch",
            "SET #status = :done, answer = :answer REMOVE checkpoint, failure",
            {"done": "done", "answer": "States.JsonToString($.work)"},
            ResultPath=None,
            OutputPath="$.batch",
            Catch=caught("Report"),
            End=True,
        ),
        "Report": service(
            "sqs:sendMessage",
            {
                "QueueUrl": "${Failures}",
                "MessageBody": {
                    "run.$": "$.run",
                    "batch.$": "$.batch",
                    "items.$": "$.items",
                    "error.$": "$.error.Error",
                    "cause.$": "$.error.Cause",
                    "execution.$": "$$.Execution.Id",
                },
            },
            ResultPath=None,
            Next="Mark as failed",
        ),
        "Mark as failed": update(
            "$.batch",
            "SET #status = :failed, failure = :failure",
            {"failed": "failed", "failure": "States.JsonToString($.error)"},
            ResultPath=None,
            Next="Failed",
        ),
        "Failed": fail_as_caught(),
    }
    states["Open"]["Parameters"]["ExpressionAttributeValues"] |= {
        ":zero": {"N": "0"},
        ":expires": {"N.$": "$.expires"},
    }
    states["Save checkpoint"]["Parameters"]["ExpressionAttributeValues"][":one"] = {"N": "1"}
    if rounds == 1:  # no way back to Work: the longest way is then known
        states["Save checkpoint"]["Next"] = "Too many rounds"
        del states["Rounds left?"]
    return {"StartAt": "Name the batch", "States": states}


def _checkpoint(**test: bool) -> dict[str, Any]:
    return {"Variable": "$.work.answer.checkpoint", **test}
