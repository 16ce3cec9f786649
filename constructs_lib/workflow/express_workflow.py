"""Work of several functions that a caller waits for: :class:`ExpressWorkflow`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from constructs_lib.compute.function import HardenedFunction
from constructs_lib.errors import RefusedError, TimeoutHierarchyError
from constructs_lib.limits import EXPRESS_MAX, REST_REGIONAL_WAIT
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.inequalities import DEFAULT_MARGIN, wait_above
from constructs_lib.timeouts.seconds import Seconds, milliseconds
from constructs_lib.timeouts.workflow import Path, longest_path
from constructs_lib.workflow.conflicts import refuse_odd_retries, refuse_unfit_task
from constructs_lib.workflow.machine import make_logs, make_machine, make_role
from constructs_lib.workflow.retries import TaskRetries
from constructs_lib.workflow.states import State, invocation

if TYPE_CHECKING:
    Step = HardenedFunction | Sequence[HardenedFunction]

WAITED_FOR = TaskRetries(transient=1, died=0, interval=1, longest=2)
"""One more attempt at what Lambda itself could not do; each attempt is time that the caller waits."""


class ExpressWorkflow(Construct):
    """Functions one after another, or at once, in a synchronous express workflow whose caller waits for the answer.

    Each step gets the answer of the one before, the first one the caller's event; steps at once all get the same, and give
    a list of their answers. ``api.post("/checkout", workflow)`` of :class:`HardenedRestApi` answers what the last step
    answers.

    The longest way counts every attempt of every step, each as long as a cold invocation can take (H7), and the pauses
    between them. It has to end before the caller gives up (H1): an answer that comes later, or never, leaves the caller
    to send everything again while the first workflow runs on.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        steps: functions in order; a list among them runs at once.
        gateway: how long the caller waits, as a Duration or in seconds: 29 s for a Regional REST API
            (limits.REST_REGIONAL_WAIT).
        margin: seconds kept between the end of the longest way and the end of the caller's patience.
        retries: of each step; by default one more attempt at Lambda's own errors and throttling.
        log_level: which events are logged; an express workflow keeps no other history.
        log_retention: how long they are kept.
        removal_policy: what becomes of the logs when the stack goes.

    Attributes:
        path: the longest way, step by step.
        integration: how many seconds a gateway has to wait for it.
        state_machine: the L2 state machine.
        definition: what it does, in the Amazon States Language.
        role: its role.
        log_group: its log group.
        construct_id: the id within the parent.

    Raises:
        TimeoutHierarchyError: the longest way takes longer than the caller waits, or than express workflows may
            (limits.EXPRESS_MAX), with the arithmetic.
        RefusedError: no steps, a step that is no HardenedFunction, a number that is none. Nothing has been added to
            ``scope`` then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import ExpressWorkflow, HardenedFunction, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> def function(name: str) -> HardenedFunction:
        ...     return HardenedFunction(
        ...         stack,
        ...         name,
        ...         code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...         handler="index.handler",
        ...         budget=TimeoutBudget(gateway=None, init=1, work=1),
        ...     )
        >>> checkout = ExpressWorkflow(stack, "Checkout", steps=[function("Reserve"), function("Charge")])
        >>> checkout.path.terms, checkout.integration
        ('11 s for Reserve + 11 s for Charge', 22.501)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        steps: Sequence[Step],
        gateway: Seconds = REST_REGIONAL_WAIT,
        margin: Seconds = DEFAULT_MARGIN,
        retries: TaskRetries | None = None,
        log_level: sfn.LogLevel = sfn.LogLevel.ALL,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        me = f"ExpressWorkflow {construct_id!r}"
        _refuse_odd_steps(me, scope, steps)
        refuse_odd_retries(me, retries)
        patience = milliseconds(f"{me}: gateway", gateway, least=1, up=False)
        spare = milliseconds(f"{me}: margin", margin)
        defined = _Steps(retries or WAITED_FOR)
        states = defined.chain(steps)
        self.path = longest_path(states)
        seconds = math.ceil(self.path.seconds)
        bound = int(wait_above(seconds * SECOND, 0, spare))
        _refuse_long_path(me, self.path, bound, patience)
        self.integration = (bound + 1) / SECOND
        self.definition = {**states, "TimeoutSeconds": seconds}

        super().__init__(scope, construct_id)
        self.construct_id = construct_id
        self.log_group = make_logs(self, log_retention, removal_policy)
        self.role = make_role(self, list(defined.functions.values()))
        self.state_machine = make_machine(
            self,
            self.definition,
            {name: function.alias.function_arn for name, function in defined.functions.items()},
            kind=sfn.StateMachineType.EXPRESS,
            role=self.role,
            log_group=self.log_group,
            log_level=log_level,
        )


class _Steps:
    """The definition of steps, and the functions in it under the names that stand for their aliases."""

    def __init__(self, retries: TaskRetries) -> None:
        self._retries = retries
        self._names: set[str] = set()
        self.functions: dict[str, HardenedFunction] = {}

    def chain(self, steps: Sequence[Step]) -> dict[str, Any]:
        """Define steps one after another."""
        states: dict[str, State] = {}
        for step in steps:
            name, state = self._state(step)
            if states:
                next(reversed(states.values()))["Next"] = name
            states[name] = state
        next(reversed(states.values()))["End"] = True
        return {"StartAt": next(iter(states)), "States": states}

    def _state(self, step: Step) -> tuple[str, State]:
        if isinstance(step, HardenedFunction):
            substitution = self._substitution(step)
            task = invocation(substitution, "$", step.budget, self._retries, OutputPath="$.answer")
            return self._free(step.construct_id), task
        name = self._free("At once")
        return name, {"Type": "Parallel", "Branches": [self.chain([each]) for each in step]}

    def _substitution(self, function: HardenedFunction) -> str:
        known = next((name for name, each in self.functions.items() if each is function), None)
        name = known or f"Function{len(self.functions) + 1}"
        self.functions[name] = function
        return name

    def _free(self, name: str) -> str:
        """Number what comes again: names are unique in a whole state machine, branches included."""
        free, again = name, 2
        while free in self._names:
            free, again = f"{name} {again}", again + 1
        self._names.add(free)
        return free


def _refuse_odd_steps(subject: str, scope: Construct, steps: object) -> None:
    flat: list[Any] = []
    for step in steps if isinstance(steps, Sequence) and not isinstance(steps, str) else ():
        flat += step if isinstance(step, Sequence) and not isinstance(step, str) and step else [step]
    if not flat:
        raise RefusedError(
            f"{subject}: steps",
            got=repr(steps),
            allowed="a list of at least one HardenedFunction",
            fix="steps=[reserve, charge]",
        )
    for each in flat:
        refuse_unfit_task(subject, scope, "steps", each)


def _refuse_long_path(subject: str, path: Path, bound: int, patience: int) -> None:
    fix = "shorter budgets, fewer steps or retries, steps at once, or an answer before the work is done"
    if path.seconds > EXPRESS_MAX:
        raise TimeoutHierarchyError(
            ("H1",),
            f"{subject}: an express workflow is stopped after {EXPRESS_MAX} wherever it stands, and this one may take "
            f"{path.terms} = {path.seconds:g} s; fix: {fix}",
        )
    if bound >= patience:
        raise TimeoutHierarchyError(
            ("H1",),
            f"{subject}: the caller waits {patience / SECOND:g} s, and the workflow may take {path.terms} = "
            f"{path.seconds:g} s, with the margin {bound / SECOND:g} s; fix: {fix}",
        )
