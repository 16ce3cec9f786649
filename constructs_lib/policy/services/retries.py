"""Retriers of workflow tasks: which errors they leave out."""

from __future__ import annotations

from constructs_lib.policy.values.text import why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.edges.step_functions import Task
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Value

_TRANSIENT = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
_WILDCARDS = {"States.ALL", "States.TaskFailed"}


def unretried(graph: Graph, task: Task) -> list[str]:
    """List the transient errors of Lambda that neither a task nor a Map or Parallel around it retries.

    If a retrier cannot be read, none is listed, and the coverage says so.
    """
    levels = [state.get("Retry") for state in (task.state, *task.around)]
    missing = []
    for error in _TRANSIENT:
        answers = [_retries(graph, level, error) for level in levels]
        if None in answers:
            return []
        if True not in answers:
            missing.append(error)
    return missing


def _retries(graph: Graph, retriers: Value, error: str) -> bool | None:
    """Ask the first retrier that names an error, which alone counts; None if that cannot be known."""
    graph.note_unknown(retriers)
    if retriers.unknown:
        return None
    for retrier in retriers.elements():
        names = [element.texts() for element in retrier.get("ErrorEquals").elements()]
        attempts = retrier.get("MaxAttempts").numbers()
        if {error, *_WILDCARDS} & {name.only for name in names}:
            return bool(attempts.only != 0)
        for value in (retrier, *names):
            reason = value.unknown or (why_unknown(value.only) if isinstance(value.only, str) else None)
            if reason:
                graph.coverage.undecided(value.place, reason)
                return None
    return False
