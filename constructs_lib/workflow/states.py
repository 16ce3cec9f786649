"""Task states in the Amazon States Language, as plain data: each with a timeout, retries and a way out.

What only CloudFormation knows stands as ``${Name}`` and is put in where the state machine is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constructs_lib.workflow.retries import TaskRetries, retrier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.timeouts.budget import TimeoutBudget

State = dict[str, Any]

SERVICE_TIMEOUT = 5  # seconds; DynamoDB, SQS and Step Functions answer within milliseconds or not at all
SERVICE_RETRIES = TaskRetries(transient=3, died=0, interval=1, longest=4)

# States.ALL leaves out the one, which ends an execution unless it is named.
CAUGHT = (["States.DataLimitExceeded"], ["States.ALL"])


def invocation(
    function: str, payload: Mapping[str, Any] | str, budget: TimeoutBudget, retries: TaskRetries, **rest: Any
) -> State:
    """Invoke a function's alias and wait for its answer, longer than a cold invocation can take (H7).

    ``payload`` is what the function gets, or the path of it. There is no heartbeat: a synchronous invocation sends none, and the timeout is what notices a lost answer.
    """
    given = {"Payload.$": payload} if isinstance(payload, str) else {"Payload": dict(payload)}
    return {
        "Type": "Task",
        "Resource": "arn:${Partition}:states:::lambda:invoke",
        "Parameters": {"FunctionName": f"${{{function}}}", **given},
        "ResultSelector": {"answer.$": "$.Payload"},
        "TimeoutSeconds": budget.task,
        "Retry": retries.retriers(),
        **rest,
    }


def service(action: str, parameters: Mapping[str, Any], *, at_once: str | None = None, **rest: Any) -> State:
    """Call a service; ``at_once`` is an error that no retry helps against."""
    final = [] if at_once is None else [{"ErrorEquals": [at_once], "MaxAttempts": 0}]
    return {
        "Type": "Task",
        "Resource": f"arn:${{Partition}}:states:::{action}",
        "Parameters": dict(parameters),
        "TimeoutSeconds": SERVICE_TIMEOUT,
        "Retry": [*final, retrier(("States.ALL",), SERVICE_RETRIES.transient, SERVICE_RETRIES)],
        **rest,
    }


def update(
    batch: str, expression: str, values: Mapping[str, str], *, only_if: str | None = None, **rest: Any
) -> State:
    """Update one record of the progress table, and give it back as a whole where ``ResultSelector`` asks for it.

    Args:
        batch: the sort key: a path, or a literal.
        expression: the update expression; ``#status`` is the record's status.
        values: each a path or a literal text, under its name without the colon.
        only_if: a condition, whose failure no retry changes.
        rest: further fields of the state.
    """
    parameters = {
        "TableName": "${Progress}",
        "Key": {"run": _text("$.run"), "batch": _text(batch)},
        "UpdateExpression": expression,
        "ExpressionAttributeValues": {f":{name}": _text(value) for name, value in values.items()},
        "ReturnValues": "ALL_NEW" if "ResultSelector" in rest else "NONE",
    }
    if "#status" in expression:
        parameters["ExpressionAttributeNames"] = {"#status": "status"}
    if only_if is not None:
        parameters["ConditionExpression"] = only_if
    at_once = None if only_if is None else "DynamoDB.ConditionalCheckFailedException"
    return service("dynamodb:updateItem", parameters, at_once=at_once, **rest)


def caught(target: str) -> list[dict[str, Any]]:
    """Send every error that can be caught to a state, with the error beside the state's input."""
    return [{"ErrorEquals": errors, "ResultPath": "$.error", "Next": target} for errors in CAUGHT]


def fail_as_caught() -> State:
    """End with the error that was caught."""
    return {"Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "$.error.Cause"}


def _text(value: str) -> dict[str, str]:
    return {"S.$" if value.startswith(("$", "States.")) else "S": value}
