""":class:`JobFunction`: the function that does the jobs of an asynchronous API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_

from constructs_lib.compute.function import HardenedFunction
from constructs_lib.compute.packaging import code_of
from constructs_lib.compute.runtime_bundle import with_runtime
from constructs_lib.errors import RefusedError
from constructs_lib.timeouts.budget import with_work_on_top
from constructs_lib.timeouts.call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

    from constructs_lib.timeouts.budget import TimeoutBudget

HANDLERS = Path(__file__).parent / "async_handlers"
RECORDS, MESSAGES = "job-records", "job-messages"  # as async_jobs calls them

# Beside the job itself: the record is claimed before and ended afterwards, and a job that failed for good is sent to the
# dead-letter queue. A budget names each call once, so the second write has a name of its own.
_AROUND = (
    Call(RECORDS, connect=0.5, read=1, attempts=2),
    Call(f"{RECORDS}-end", connect=0.5, read=1, attempts=2),
    Call(MESSAGES, connect=0.5, read=1, attempts=2),
)
_LAYER = "AsyncJobs"
_HANDLER = re.compile(r"[\w./-]+\.[A-Za-z_]\w*")
_PYTHON_MINOR = 11


class JobFunction(HardenedFunction):
    """A hardened function whose handler does one job: it gets a request and returns the result, and knows no queue.

    ::

        def make_report(request, context):
            orders = fetch(request["body"]["month"])
            return {"orders": len(orders)}

    ``request`` has the ``body`` as JSON value, ``pathParameters``, ``queryStringParameters``, the ``caller`` as the API's
    authorizer names it, the job's ``id`` and the number of the ``attempt``. Whatever JSON the handler returns is the result, up
    to 380 KB, because the record of a job is one item of a table (keep more in a bucket, and return where).

    A job that is not done when what is left is needed to write that down is ended with :class:`DeadlineExceeded`, a timeout
    thus has an error and a traceback like any other. An exception fails this attempt, and the job is tried again: after a
    64th of the visibility timeout at first, then a 16th, a quarter, and the whole. An exception whose ``permanent``
    attribute is true is not tried again, and its text is shown to the caller; other texts stay in the record and in the logs.

    A job can be tried again after it has done something: the sandbox may die between the job's last act and its record. Use
    ``request["id"]``, which stays the same, as the key of what must not be done twice.

    A layer stands around the handler, which claims the job's record before it and ends it afterwards; so no container images.
    It holds the runtime library, for the job too: ``from constructs_lib.runtime import downstream``. Its calls come on top of ``budget``, whose function timeout grows with them where it is derived.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        handler: ``module.function`` within the code.
        budget: the waits of one job, with ``gateway=None``: nobody waits for it.
        environment: variables beside those that the construct sets.
        layers: layers beside its own.
        options: everything else that :class:`HardenedFunction` takes; but no ``async_failure``, as a queue invokes it.

    Attributes:
        serves: the path of the asynchronous API whose jobs it does; None before it has one.

    Raises:
        TimeoutHierarchyError: a function timeout that was given has no room for the record's calls.
        RefusedError: a budget with a gateway, a handler that is none, another runtime than Python, or what
            :class:`HardenedFunction` refuses. Nothing has been made then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import JobFunction, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> report = JobFunction(
        ...     stack,
        ...     "Report",
        ...     code=cdk.aws_lambda.Code.from_inline("def make(request, context): return {}"),
        ...     handler="index.make",
        ...     budget=TimeoutBudget(gateway=None, init=2, work=120),
        ... )
        >>> report.budget.work, report.budget.function
        (132.0, 135)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        budget: TimeoutBudget,
        environment: Mapping[str, str] | None = None,
        layers: Sequence[lambda_.ILayerVersion] = (),
        **options: Any,
    ) -> None:
        me = f"JobFunction {construct_id!r}"
        if budget.gateway is not None:
            raise RefusedError(
                f"{me}: budget",
                got=f"gateway={budget.gateway:g}, though nobody waits for a job",
                allowed="gateway=None",
                fix="TimeoutBudget(gateway=None, work=...)",
            )
        _check_python(me, handler, options.get("runtime", lambda_.Runtime.PYTHON_3_14))
        outer = with_work_on_top(budget, _AROUND)
        stack = Stack.of(scope)
        before = stack.node.try_find_child(_LAYER)
        try:
            super().__init__(
                scope,
                construct_id,
                handler="async_jobs.work.handler",
                budget=outer,
                environment={**(environment or {}), "JOB_HANDLER": handler},
                layers=[*layers, _layer_of(stack)],
                **options,
            )
        except Exception:
            if before is None:
                stack.node.try_remove_child(_LAYER)
            raise
        self.serves: str | None = None


def _check_python(subject: str, handler: object, runtime: lambda_.Runtime) -> None:
    """Refuse a handler that the layer could not load, in a runtime that it runs in."""
    if runtime.name == lambda_.Runtime.FROM_IMAGE.name:
        return  # an image takes no layers, which is refused with them
    version = re.fullmatch(r"python3\.(\d+)", runtime.name)
    if version is None or int(version[1]) < _PYTHON_MINOR:
        raise RefusedError(
            f"{subject}: runtime",
            got=runtime.name,
            allowed=f"Python 3.{_PYTHON_MINOR} and newer, in which the layer around the handler runs",
            fix="leave runtime out",
        )
    if not isinstance(handler, str) or not _HANDLER.fullmatch(handler):
        raise RefusedError(
            f"{subject}: handler",
            got=repr(handler),
            allowed="module.function, a folder before it with /",
            fix='handler="reports.make"',
        )


def _layer_of(stack: Stack) -> lambda_.ILayerVersion:
    """Give the stack's layer, which all its job functions share."""
    found = stack.node.try_find_child(_LAYER)
    if isinstance(found, lambda_.LayerVersion):
        return found
    return lambda_.LayerVersion(
        stack,
        _LAYER,
        code=code_of("JobFunction", with_runtime(HANDLERS, below="python")),
        description="Stands around the handlers of asynchronous jobs",
    )
