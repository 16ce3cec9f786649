"""HardenedFunction: what it makes, what it promises, what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs

from constructs_lib import (
    AsyncFailure,
    ParametersExtension,
    ProvisionedConcurrency,
    RefusedError,
    TimeoutBudget,
    TimeoutHierarchyError,
)
from tests.compute.functions import BUDGET, make
from tests.snapshots import resources
from tests.synth import new_stack, of_type, only, synthesize, template_text

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

FUNCTION = "AWS::Lambda::Function"


def function_of(stack: cdk.Stack) -> dict[str, Any]:
    """Synthesize and give the properties of the one function."""
    properties: dict[str, Any] = only(synthesize(stack), FUNCTION)["Properties"]
    return properties


def test_everything_that_a_plain_function_brings(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Role, log group, function, version and alias, and nothing that nobody asked for."""
    make(stack)
    assert resources(synthesize(stack)) == snapshot


def test_two_synths_are_byte_identical() -> None:
    """The template depends on the code alone: not on the time, the order of sets or the process."""

    def text() -> str:
        stack = new_stack()
        make(stack, environment={"TABLE": "2", "QUEUE": "1"}, provisioned=ProvisionedConcurrency(maximum=2))
        return template_text(stack)

    assert text() == text()


def test_the_timeout_is_the_budgets(stack: cdk.Stack) -> None:
    """The function may run for as long as its budget says, not for Lambda's default of 3 s."""
    make(stack)
    assert function_of(stack)["Timeout"] == BUDGET.function == 7


def test_the_budget_travels_in_environment_and_metadata(stack: cdk.Stack) -> None:
    """The handler and the policy read the very numbers that the construct was built with."""
    make(stack)
    function = only(synthesize(stack), FUNCTION)
    assert (
        json.loads(function["Properties"]["Environment"]["Variables"]["TIMEOUT_BUDGET"]) == BUDGET.to_dict()
    )
    assert function["Metadata"]["constructs-lib"] == {"budget": BUDGET.to_dict(), "init_evidence": "declared"}


def test_the_role_reaches_its_own_logs_and_the_tracer_alone(stack: cdk.Stack) -> None:
    """No managed policy, and the one wildcard is X-Ray's, which has no resource to name."""
    make(stack)
    template = synthesize(stack)
    (log_group,) = of_type(template, "AWS::Logs::LogGroup")
    assert "ManagedPolicyArns" not in only(template, "AWS::IAM::Role")["Properties"]
    statements = only(template, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    assert [(s["Action"], s["Resource"]) for s in statements] == [
        (["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": [log_group, "Arn"]}),
        (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
    ]


def test_logs_survive_the_stack_but_not_a_failed_first_deployment(stack: cdk.Stack) -> None:
    """Logs tell why something was removed; a log group of a function that never came up tells nothing."""
    make(stack)
    log_group = only(synthesize(stack), "AWS::Logs::LogGroup")
    assert (log_group["DeletionPolicy"], log_group["Properties"]) == (
        "RetainExceptOnCreate",
        {"RetentionInDays": 90},
    )


def test_log_retention_and_removal_are_choices(stack: cdk.Stack) -> None:
    """A development stack may leave nothing behind."""
    make(
        stack,
        log_retention=cdk.aws_logs.RetentionDays.ONE_DAY,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    log_group = only(synthesize(stack), "AWS::Logs::LogGroup")
    assert (log_group["DeletionPolicy"], log_group["Properties"]) == ("Delete", {"RetentionInDays": 1})


def test_every_caller_reaches_the_alias(stack: cdk.Stack) -> None:
    """An API, a queue mapping and a grant that get the handle all name the alias and never the function."""
    orders = make(stack)
    alias_id = stack.get_logical_id(orders.alias.node.default_child)  # type: ignore[arg-type]
    function_id = stack.get_logical_id(orders.unqualified_function.node.default_child)  # type: ignore[arg-type]
    apigateway.LambdaRestApi(stack, "Api", handler=orders.alias)
    orders.alias.add_event_source(event_sources.SqsEventSource(sqs.Queue(stack, "Queue")))
    orders.alias.grant_invoke(
        cdk.aws_iam.Role(stack, "Caller", assumed_by=cdk.aws_iam.AccountRootPrincipal())
    )

    kinds = {
        "AWS::ApiGateway::Method",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Permission",
        "AWS::IAM::Policy",
    }
    callers = [r for r in synthesize(stack)["Resources"].values() if r["Type"] in kinds]
    assert {r["Type"] for r in callers if alias_id in json.dumps(r)} == kinds
    assert not [r for r in callers if f'"{function_id}"' in json.dumps(r)]


def test_a_network_of_its_own_brings_rights_on_interfaces(stack: cdk.Stack) -> None:
    """In a VPC Lambda manages network interfaces with the function's role; elsewhere it may not."""
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=1)
    make(stack, vpc=vpc)
    template = synthesize(stack)
    assert len(only(template, FUNCTION)["Properties"]["VpcConfig"]["SubnetIds"]) == 2
    statements = only(template, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    assert any("ec2:CreateNetworkInterface" in s["Action"] for s in statements)


def test_every_resource_is_within_reach(stack: cdk.Stack) -> None:
    """What the construct does not offer can be set on the L2 objects, and what it did not make is None."""
    full = make(
        stack,
        "Full",
        async_failure=AsyncFailure(),
        extension=ParametersExtension(),
        provisioned=ProvisionedConcurrency(maximum=2),
    )
    bare = make(stack, "Bare")
    optional = ("dead_letter_queue", "dead_letter_alarm", "event_invoke_config", "extension_layer", "scaling")
    assert [name for name in optional if getattr(full, name) is None] == []
    assert [name for name in optional if getattr(bare, name) is not None] == []
    children = {child.node.id for child in full.node.children}
    assert children == {
        "Logs",
        "Role",
        "DeadLetterQueue",
        "DeadLetterAlarm",
        "Extension",
        "Function",
        "Alias",
    }


def test_a_variable_may_come_later(stack: cdk.Stack) -> None:
    """add_environment reaches the function, and with it the version."""
    make(stack).add_environment("TABLE_NAME", "orders")
    assert function_of(stack)["Environment"]["Variables"]["TABLE_NAME"] == "orders"


@pytest.mark.parametrize("memory_size", [127, 10_241, 512.5, -1, float("nan"), float("-inf")])
def test_memory_that_lambda_does_not_have_is_refused(stack: cdk.Stack, memory_size: float) -> None:
    """A number out of range is named with the range; a negative one is not taken for a token."""
    with pytest.raises(RefusedError, match=r"memory_size: got .* MB; allowed: whole MB from 128 to 10240"):
        make(stack, memory_size=memory_size)


def test_tokens_are_left_to_cloudformation(stack: cdk.Stack) -> None:
    """What is known only at deploy time is passed on, not compared and not counted."""
    size = cdk.CfnParameter(stack, "Size", type="Number")
    reserve = cdk.CfnParameter(stack, "Reserve", type="Number")
    make(
        stack,
        memory_size=size.value_as_number,
        reserved_concurrent_executions=reserve.value_as_number,
        provisioned=ProvisionedConcurrency(minimum=50),
        environment={"REGION_OF_TABLE": size.value_as_string},
    )
    function = function_of(stack)
    assert (function["MemorySize"], function["ReservedConcurrentExecutions"]) == (
        {"Ref": "Size"},
        {"Ref": "Reserve"},
    )


def test_more_layers_than_lambda_takes_are_refused(stack: cdk.Stack) -> None:
    """The extension's layer counts."""
    layer = lambda_.LayerVersion.from_layer_version_arn(
        stack, "Layer", "arn:aws:lambda:eu-west-1:111111111111:layer:shared:1"
    )
    parameter = cdk.aws_ssm.StringParameter(stack, "Config", string_value="x")
    with pytest.raises(RefusedError, match="layers: got 6, the extension's included; allowed: up to 5"):
        make(stack, layers=[layer] * 5, parameters=[parameter])


def test_snap_start_restores_every_published_version(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """SnapStart applies to versions, and the alias points at one; CDK's reminder to publish is answered."""
    orders = make(stack, snap_start=True)
    assert orders.budget.init_type == "snap-start"
    template = synthesize(stack)
    assert resources(template, FUNCTION, "AWS::Lambda::Alias") == snapshot
    warnings = cdk.assertions.Annotations.from_stack(stack).find_warning(
        "*", cdk.assertions.Match.any_value()
    )
    assert warnings == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"provisioned": ProvisionedConcurrency()}, "got SnapStart together with provisioned concurrency"),
        ({"runtime": lambda_.Runtime.PYTHON_3_11}, "got runtime python3.11; allowed: Python 3.12"),
        (
            {"ephemeral_storage_size": cdk.Size.gibibytes(1)},
            "got 1024 MB of ephemeral storage; allowed: up to 512 MB",
        ),
    ],
    ids=["provisioned concurrency", "runtime", "size of tmp"],
)
def test_what_snap_start_excludes_is_refused(
    stack: cdk.Stack, arguments: dict[str, Any], message: str
) -> None:
    """Lambda would refuse it at deploy time, or worse, in the next one."""
    with pytest.raises(RefusedError, match=message):
        make(stack, snap_start=True, **arguments)


@pytest.mark.parametrize("init_type", ["provisioned-concurrency", "snap-start"])
def test_a_budget_for_warm_environments_needs_a_warm_function(stack: cdk.Stack, init_type: Any) -> None:
    """A budget proven for a longer init must not land on a function that starts on demand."""
    budget = TimeoutBudget(gateway=60, init=12, function=40, init_type=init_type)
    with pytest.raises(
        RefusedError, match=f"init_type='{init_type}', on a function of init type 'on-demand'"
    ):
        make(stack, budget=budget)
    warm: dict[str, Any] = {
        "provisioned-concurrency": {"provisioned": ProvisionedConcurrency()},
        "snap-start": {"snap_start": True},
    }
    assert make(stack, budget=budget, **warm[init_type]).budget == budget


def test_a_broken_hierarchy_is_not_built(stack: cdk.Stack) -> None:
    """The error carries the arithmetic, and the stack is as if nothing had been tried."""
    with pytest.raises(TimeoutHierarchyError, match=r"H2 .* BROKEN"):
        make(stack, budget=TimeoutBudget(gateway=10, init=2, function=9))
    assert stack.node.children == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"memory_size": 1},
        {"environment": {"TIMEOUT_BUDGET": "{}"}},
        {"code": "no/such/directory"},
        {"snap_start": True, "provisioned": ProvisionedConcurrency()},
    ],
    ids=["memory", "environment", "code", "SnapStart"],
)
def test_a_refusal_leaves_nothing_half_done(arguments: dict[str, Any]) -> None:
    """The stack is as it was, and the same id is free for a mended try."""
    stack = new_stack(region=None)
    with pytest.raises(RefusedError):
        make(stack, extension=ParametersExtension(), **arguments)
    assert stack.node.children == []
    assert make(stack).alias.alias_name == "live"


@pytest.mark.parametrize("name", ["", "$LATEST", "123", "two words", "ünï", "x" * 129])
def test_a_name_of_no_alias_is_refused(stack: cdk.Stack, name: str) -> None:
    """``$LATEST`` and version numbers are names of something else; the others fail at deploy time."""
    with pytest.raises(RefusedError, match=r"alias_name: got .* allowed: 1 to 128 letters"):
        make(stack, alias_name=name)


@pytest.mark.parametrize(
    "network", [{"vpc_subnets": ec2.SubnetSelection(one_per_az=True)}, {"security_groups": []}]
)
def test_subnets_and_groups_need_their_vpc(stack: cdk.Stack, network: dict[str, Any]) -> None:
    """Without it they would be left out of the template in silence, or refused half-way."""
    (name,) = network
    with pytest.raises(RefusedError, match=f"{name}: got {name} without vpc"):
        make(stack, **network)
