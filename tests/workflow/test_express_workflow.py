"""ExpressWorkflow, alone and behind a REST API: what it makes, what it promises, what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib import (
    Access,
    HardenedRestApi,
    RefusedError,
    TimeoutBudget,
    TimeoutHierarchyError,
    assert_policy,
)
from constructs_lib.timeouts.workflow import longest_path
from constructs_lib.workflow import ExpressWorkflow, TaskRetries
from constructs_lib.workflow.express_workflow import _Steps
from tests.api.apis import methods
from tests.synth import new_stack, of_type, only, synthesize
from tests.workflow.workflows import function

if TYPE_CHECKING:
    import aws_cdk as cdk
    from syrupy.assertion import SnapshotAssertion

MACHINE = "AWS::StepFunctions::StateMachine"
SHORT = TimeoutBudget(gateway=None, init=1, work=1)


def express(stack: cdk.Stack, construct_id: str = "Checkout", **arguments: Any) -> ExpressWorkflow:
    """Make a workflow of two steps, unless others are given."""
    if "steps" not in arguments:
        arguments["steps"] = [function(stack, name, SHORT) for name in ("Reserve", "Charge")]
    return ExpressWorkflow(stack, construct_id, **arguments)


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    """Give a stack with a workflow behind a route."""
    stack = new_stack()
    api = HardenedRestApi(stack, "Api", authorizer=Access.IAM)
    api.post("/orders/{id}/checkout", express(stack), headers=["Idempotency-Key"])
    return stack


@pytest.fixture(scope="module")
def template(stack: cdk.Stack) -> dict[str, Any]:
    """Synthesize it once."""
    return synthesize(stack)


@pytest.fixture(scope="module")
def route(template: dict[str, Any]) -> dict[str, Any]:
    """Give the route's method."""
    return methods(template)["POST /orders/{id}/checkout"]


def test_the_integration(route: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    """How API Gateway starts the workflow, and what it makes of its end."""
    assert route["Integration"] == snapshot


def test_the_policy_finds_nothing(stack: cdk.Stack) -> None:
    """Not even a warning."""
    assert_policy(stack, strict=True)


def test_the_policy_finds_a_gateway_that_gives_up_first(template: dict[str, Any]) -> None:
    """With a shorter wait the same template is found: the rule sees this route and this workflow."""
    broken = json.loads(json.dumps(template))
    integration = methods(broken)["POST /orders/{id}/checkout"]["Integration"]
    integration["TimeoutInMillis"] = 9_000
    with pytest.raises(AssertionError, match="W405"):
        assert_policy(broken)


def test_the_gateway_outlasts_the_workflow(stack: cdk.Stack, route: dict[str, Any]) -> None:
    """Every attempt of every step, each pause and the margin fit into the integration timeout."""
    workflow = stack.node.find_child("Checkout")
    assert isinstance(workflow, ExpressWorkflow)
    assert workflow.path.terms == "11 s for Reserve + 11 s for Charge"
    assert route["Integration"]["TimeoutInMillis"] == 22_501
    assert workflow.definition["TimeoutSeconds"] == 22


def test_the_role_may_start_this_workflow_and_nothing_else(template: dict[str, Any]) -> None:
    """API Gateway's role has one action on one state machine."""
    machine = next(iter(of_type(template, MACHINE)))
    (role,) = [
        role["Properties"]
        for name, role in of_type(template, "AWS::IAM::Role").items()
        if name.startswith("ApiStartCheckout")
    ]
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("states:StartSyncExecution", {"Ref": machine})


def test_it_is_an_express_one_with_logs_and_traces(template: dict[str, Any]) -> None:
    """An express workflow keeps no history but its log."""
    properties = only(template, MACHINE)["Properties"]
    assert properties["StateMachineType"] == "EXPRESS"
    assert properties["LoggingConfiguration"]["Level"] == "ALL"
    assert properties["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert properties["TracingConfiguration"] == {"Enabled": True}


def test_steps_at_once_take_as_long_as_the_longest() -> None:
    """And each gets a name of its own in the whole state machine."""
    stack = new_stack()
    reserve, charge, mail = (function(stack, name, SHORT) for name in ("Reserve", "Charge", "Mail"))
    workflow = express(stack, steps=[reserve, [charge, mail], reserve], gateway=60)
    assert workflow.path.terms == "11 s for Reserve + 11 s for Charge + 11 s for Reserve 2"


def test_two_routes_share_the_role_of_a_workflow() -> None:
    """However many routes lead to it."""
    stack = new_stack()
    api, workflow = HardenedRestApi(stack, "Api", authorizer=Access.IAM), express(stack)
    api.post("/checkout", workflow)
    api.put("/checkout", workflow)
    roles = of_type(synthesize(stack), "AWS::IAM::Role")
    assert len([name for name in roles if name.startswith("ApiStart")]) == 1


def test_a_way_longer_than_the_caller_waits_is_refused() -> None:
    """The message is the sum, and what to change; nothing is made."""
    stack = new_stack()
    steps = [function(stack, name, SHORT) for name in ("Reserve", "Charge", "Ship")]
    with pytest.raises(TimeoutHierarchyError) as refused:
        express(stack, steps=steps)
    assert str(refused.value) == (
        "ExpressWorkflow 'Checkout': the caller waits 29 s, and the workflow may take 11 s for Reserve + 11 s for Charge "
        "+ 11 s for Ship = 33 s, with the margin 33.5 s; fix: shorter budgets, fewer steps or retries, steps at once, or "
        "an answer before the work is done"
    )
    assert refused.value.violated == ("H1",)
    assert stack.node.try_find_child("Checkout") is None


def test_a_way_longer_than_express_workflows_may_take_is_refused() -> None:
    """However long the caller waits."""
    stack = new_stack()
    steps = [function(stack, "Train", TimeoutBudget(gateway=None, init=1, work=150))]
    with pytest.raises(TimeoutHierarchyError, match="is stopped after 300 s"):
        express(stack, steps=steps, gateway=900)


def test_a_workflow_that_waits_longer_than_the_api_does_is_refused() -> None:
    """The API knows its own limit, whatever the workflow was told."""
    stack = new_stack()
    steps = [function(stack, name, SHORT) for name in ("Reserve", "Charge", "Ship")]
    workflow = express(stack, steps=steps, gateway=60)
    api = HardenedRestApi(stack, "Api", authorizer=Access.IAM)
    words = r"integration timeout: got 33.501 s; allowed: up to 29 s .* fix: lower it to ExpressWorkflow\(gateway=29"
    with pytest.raises(RefusedError, match=words):
        api.post("/checkout", workflow)


@pytest.mark.parametrize("option", ["asynchronous", "stream"])
def test_what_a_route_that_waits_cannot_do_is_refused(option: str) -> None:
    """The answer of a workflow comes as a whole, and at the end."""
    stack = new_stack()
    api, workflow = HardenedRestApi(stack, "Api", authorizer=Access.IAM), express(stack)
    with pytest.raises(RefusedError, match=f"{option}: got {option}=True on a route to an ExpressWorkflow"):
        api.post("/checkout", workflow, **{option: True})  # type: ignore[arg-type]  # one of the two names


@pytest.mark.parametrize("steps", [[], "Reserve", [[]], ["Reserve"], None])
def test_steps_that_are_none_are_refused(steps: Any) -> None:
    """An empty list, an empty list at once, names instead of functions."""
    stack = new_stack()
    with pytest.raises(RefusedError, match="steps: got"):
        express(stack, steps=steps)
    assert stack.node.try_find_child("Checkout") is None


@pytest.fixture(scope="module")
def functions() -> list[Any]:
    """Give functions of several budgets, made once."""
    stack = new_stack()
    budgets = [TimeoutBudget(gateway=None, init=init, work=work) for init in (0.5, 2) for work in (0.5, 3)]
    return [function(stack, f"Step{index}", budget) for index, budget in enumerate(budgets)]


@given(
    st.lists(st.integers(0, 3) | st.lists(st.integers(0, 3), min_size=1, max_size=3), min_size=1, max_size=4),
    st.integers(1, 4),
    st.integers(0, 2),
)
def test_the_longest_way_is_the_sum_of_all_attempts(
    functions: list[Any], shape: list[Any], transient: int, died: int
) -> None:
    """Step by step: attempts times task timeout, and every pause; of steps at once, the longest."""
    retries = TaskRetries(transient=transient, died=died, interval=1, longest=3)
    steps = [
        functions[step] if isinstance(step, int) else [functions[each] for each in step] for step in shape
    ]
    pauses = sum(min(2**index, 3) for index in range(transient)) + sum(
        min(2**index, 3) for index in range(died)
    )

    def takes(step: Any) -> float:
        if isinstance(step, list):
            return max(takes(each) for each in step)
        return float(retries.attempts * step.budget.task + pauses)

    assert longest_path(_Steps(retries).chain(steps)).seconds == sum(takes(step) for step in steps)
