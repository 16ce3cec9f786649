"""What happens to a whole run: take it, list its items, work on all batches, finalize, close it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constructs_lib.workflow.states import State, caught, fail_as_caught, invocation, service, update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.timeouts.budget import TimeoutBudget
    from constructs_lib.workflow.retries import TaskRetries

RUN_RECORD = "#run"
"""Sort key of a run's own record in the progress table; a batch's is where it starts and how long it is: ``20+10``."""

MAP = "Batches"
MANIFEST = "States.Format('{}/items.jsonl', $.run)"
DAYS_KEPT = 90  # as long as Step Functions keeps the history of an execution

ALREADY_RUNNING = "ChunkedWorkflow.AlreadyRunning"

_FAILED_CONDITION = "DynamoDB.ConditionalCheckFailedException"
_RECORD = {
    "status.$": "$.Attributes.status.S",
    "listed.$": "$.Attributes.listed.S",
    "batch_size.$": "States.StringToJson($.Attributes.batch_size.S)",
}


def run_workflow(
    *,
    lister: TimeoutBudget,
    worker: TimeoutBudget,
    finalizer: TimeoutBudget | None,
    batch: Mapping[str, Any],
    execution_type: str,
    batch_size: int,
    max_concurrency: int,
    tolerated_failure_percentage: float,
    retries: TaskRetries,
    timeout: int,
) -> dict[str, Any]:
    """Define the state machine; see :class:`ChunkedWorkflow` for what it promises."""
    states = {
        **_taking_over(batch_size, worker.task),
        **_listing(lister, retries, "All done?" if finalizer is None else "Finalize"),
        MAP: _batches(batch, execution_type, max_concurrency, tolerated_failure_percentage),
        "Let the rest end": {"Type": "Wait", "Seconds": worker.task, "Next": "Stop"},
        **_ending(finalizer, retries),
    }
    return {
        "Comment": "Lists items, works on them in batches, finalizes; goes on where an earlier execution stopped",
        "StartAt": "Name the run",
        "TimeoutSeconds": timeout,
        "States": states,
    }


def _taking_over(batch_size: int, invocation_seconds: int) -> dict[str, State]:
    """Let one execution at a time work on a run, and the next one go on where it stopped.

    The functions that a stopped execution had invoked run on to their ends, so they are waited for first.
    """
    name = "$exists($states.input.run) ? $string($states.input.run) : $states.context.Execution.Name"
    take = "SET #status = :running, execution = :me"
    return {
        "Name the run": {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": {
                "run": f"{{% {name} %}}",
                "input": "{% $states.input %}",
                "expires": f"{{% $string($floor($millis() / 1000) + {DAYS_KEPT * 86_400}) %}}",
            },
            "Next": "Take the run",
        },
        "Take the run": _run_update(
            f"{take}, batch_size = if_not_exists(batch_size, :size), listed = if_not_exists(listed, :no), "
            "expires = :expires",
            {
                "running": "running",
                "me": "$$.Execution.Id",
                "open": "open",
                "size": str(batch_size),
                "no": "no",
            },
            only_if="attribute_not_exists(#status) OR #status = :open OR (#status = :running AND execution = :me)",
            Catch=[
                {"ErrorEquals": [_FAILED_CONDITION], "ResultPath": "$.error", "Next": "Who has it?"},
                *caught("Stopped"),
            ],
            Next="Listed before?",
        ),
        "Who has it?": service(
            "dynamodb:getItem",
            {
                "TableName": "${Progress}",
                "Key": {"run": {"S.$": "$.run"}, "batch": {"S": RUN_RECORD}},
                "ConsistentRead": True,
            },
            ResultSelector={"status.$": "$.Item.status.S", "execution.$": "$.Item.execution.S"},
            ResultPath="$.owner",
            Catch=caught("Stopped"),
            Next="Done before?",
        ),
        "Done before?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.owner.status", "StringEquals": "done", "Next": "Nothing to do"}],
            "Default": "Does it run?",
        },
        "Nothing to do": {"Type": "Pass", "OutputPath": "$.owner", "End": True},
        "Does it run?": service(
            "aws-sdk:sfn:describeExecution",
            {"ExecutionArn.$": "$.owner.execution"},
            at_once="Sfn.ExecutionDoesNotExistException",
            ResultSelector={"status.$": "$.Status"},
            ResultPath="$.owner.now",
            Catch=[
                {
                    "ErrorEquals": ["Sfn.ExecutionDoesNotExistException"],
                    "ResultPath": "$.error",
                    "Next": "Let its rest end",
                },
                *caught("Stopped"),
            ],
            Next="Runs?",
        ),
        "Runs?": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.owner.now.status", "StringEquals": "RUNNING", "Next": "Already running"}
            ],
            "Default": "Let its rest end",
        },
        "Let its rest end": {"Type": "Wait", "Seconds": invocation_seconds, "Next": "Take it over"},
        "Already running": {
            "Type": "Fail",
            "Error": ALREADY_RUNNING,
            "Cause": "another execution works on this run; wait for its end, or stop it and start again",
        },
        "Take it over": _run_update(
            f"{take}, expires = :expires",
            {"running": "running", "me": "$$.Execution.Id", "theirs": "$.owner.execution"},
            only_if="execution = :theirs",
            Catch=caught("Stopped"),
            Next="Listed before?",
        ),
        "Listed before?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.record.listed", "StringEquals": "yes", "Next": "Measure"}],
            "Default": "List",
        },
    }


def _run_update(expression: str, values: Mapping[str, str], **rest: Any) -> State:
    state = update(RUN_RECORD, expression, values, ResultSelector=_RECORD, ResultPath="$.record", **rest)
    state["Parameters"]["ExpressionAttributeValues"][":expires"] = {"N.$": "$.expires"}
    return state


def _listing(budget: TimeoutBudget, retries: TaskRetries, after: str) -> dict[str, State]:
    """List once for all executions of a run, so that its batches stay the same; a list of nothing needs no map."""
    payload = {
        "run.$": "$.run",
        "input.$": "$.input",
        "manifest": {"bucket": "${Bucket}", "key.$": MANIFEST},
    }
    return {
        "List": invocation(
            "Lister", payload, budget, retries, ResultPath=None, Catch=caught("Stop"), Next="Listed"
        ),
        "Listed": update(
            RUN_RECORD,
            "SET listed = :yes",
            {"yes": "yes"},
            ResultPath=None,
            Catch=caught("Stop"),
            Next="Measure",
        ),
        "Measure": service(
            "aws-sdk:s3:headObject",
            {"Bucket": "${Bucket}", "Key.$": MANIFEST},
            ResultSelector={"bytes.$": "$.ContentLength"},
            ResultPath="$.manifest",
            Catch=caught("Stop"),
            Next="Anything to do?",
        ),
        "Anything to do?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.manifest.bytes", "NumericEquals": 0, "Next": "No batches"}],
            "Default": MAP,
        },
        "No batches": {
            "Type": "Pass",
            "Result": {"total": 0, "succeeded": 0, "failed": 0},
            "ResultPath": "$.batches",
            "Next": after,
        },
    }


def _batches(batch: Mapping[str, Any], execution_type: str, concurrency: int, tolerated: float) -> State:
    return {
        "Type": "Map",
        "Label": MAP,
        "ItemReader": {
            "Resource": "arn:${Partition}:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket": "${Bucket}", "Key.$": MANIFEST},
        },
        "ItemSelector": {"index.$": "$$.Map.Item.Index", "item.$": "$$.Map.Item.Value"},
        "ItemBatcher": {
            # As the run was begun, also where the code says another number by now.
            "MaxItemsPerBatchPath": "$.record.batch_size",
            "BatchInput": {"run.$": "$.run", "input.$": "$.input", "expires.$": "$.expires"},
        },
        "MaxConcurrency": concurrency,
        "ToleratedFailurePercentage": tolerated,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": execution_type},
            **batch,
        },
        # Without it the answers of all batches would have to fit into 256 KB of state.
        "ResultWriter": {
            "Resource": "arn:${Partition}:states:::s3:putObject",
            "Parameters": {"Bucket": "${Bucket}", "Prefix.$": "States.Format('{}/results', $.run)"},
        },
        "ResultSelector": {"map_run.$": "$.MapRunArn"},
        "ResultPath": "$.map",
        "Catch": caught("Let the rest end"),
        "Next": "Count",
    }


def _ending(finalizer: TimeoutBudget | None, retries: TaskRetries) -> dict[str, State]:
    """Count, finalize, and close the run: for good, or open for another execution if a batch failed."""
    counts = {"total": "Total", "succeeded": "Succeeded", "failed": "Failed"}
    output = {"run.$": "$.run", "batches.$": "$.batches"}
    payload = {**output, "input.$": "$.input", "progress": {"table": "${Progress}"}}
    close: dict[str, Any] = {"ResultPath": None, "Catch": caught("Stopped"), "Next": "Tell"}
    states: dict[str, State] = {
        "Count": service(
            "aws-sdk:sfn:describeMapRun",
            {"MapRunArn.$": "$.map.map_run"},
            ResultSelector={f"{name}.$": f"$.ExecutionCounts.{count}" for name, count in counts.items()},
            ResultPath="$.batches",
            Catch=caught("Stop"),
            Next="All done?" if finalizer is None else "Finalize",
        ),
        "All done?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.batches.failed", "NumericEquals": 0, "Next": "Close"}],
            "Default": "Leave open",
        },
        "Close": update(RUN_RECORD, "SET #status = :done", {"done": "done"}, **close),
        "Leave open": update(RUN_RECORD, "SET #status = :open", {"open": "open"}, **close),
        "Tell": {"Type": "Pass", "Parameters": output, "End": True},
        "Stop": update(RUN_RECORD, "SET #status = :open", {"open": "open"}, ResultPath=None, Next="Stopped"),
        "Stopped": fail_as_caught(),
    }
    if finalizer is not None:
        states["Finalize"] = invocation(
            "Finalizer", payload, finalizer, retries, ResultPath=None, Catch=caught("Stop"), Next="All done?"
        )
    return states
