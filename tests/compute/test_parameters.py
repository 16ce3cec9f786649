"""The Parameters and Secrets extension: pinned, bounded in time, and allowed exactly what it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from hypothesis import assume, given
from hypothesis import strategies as st

from constructs_lib import Call, ParametersExtension, RefusedError, TimeoutBudget, TimeoutHierarchyError
from constructs_lib.compute.parameters import EXTENSION_CALL, with_extension_call
from constructs_lib.limits import EXTENSION_LAYERS, extension_layer_arn
from tests.compute.functions import BUDGET, make
from tests.snapshots import resources
from tests.synth import new_stack, only, synthesize

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

FUNCTION = "AWS::Lambda::Function"


def config(stack: cdk.Stack) -> ssm.StringParameter:
    """Make a parameter."""
    return ssm.StringParameter(stack, "Config", string_value="x")


def properties(stack: cdk.Stack) -> dict[str, Any]:
    """Synthesize and give the properties of the one function."""
    found: dict[str, Any] = only(synthesize(stack), FUNCTION)["Properties"]
    return found


def test_nothing_to_read_means_no_extension(stack: cdk.Stack) -> None:
    """A layer that nobody asks would only lengthen init."""
    make(stack)
    function = properties(stack)
    assert "Layers" not in function
    assert list(function["Environment"]["Variables"]) == ["TIMEOUT_BUDGET"]


def test_parameters_and_secrets_with_their_keys(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """Layer, environment, and rights on exactly these values and the customer keys they are encrypted with."""
    key = kms.Key(stack, "Key")
    secure = ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "Token", parameter_name="/orders/token", encryption_key=key
    )
    secret = secretsmanager.Secret(stack, "Database", encryption_key=key)
    make(stack, parameters=[config(stack), secure], secrets=[secret])
    assert resources(synthesize(stack), FUNCTION, "AWS::IAM::Policy") == snapshot


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_the_layer_is_pinned_per_region_and_architecture(region: str, architecture: Any) -> None:
    """The layer is AWS's own for the very region, partition and architecture."""
    stack = new_stack(region=region)
    built_for = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}[architecture]
    make(stack, parameters=[config(stack)], architecture=built_for)
    assert properties(stack)["Layers"] == [extension_layer_arn(region, architecture)]


def test_an_open_region_is_looked_up_at_deploy_time() -> None:
    """One mapping for the whole stack has every region of the table, for both architectures."""
    stack = new_stack(region=None)
    parameter = config(stack)
    make(stack, "Arm", parameters=[parameter])
    make(stack, "Intel", parameters=[parameter], architecture=lambda_.Architecture.X86_64)
    template = synthesize(stack)
    ((name, mapping),) = template["Mappings"].items()
    layers = [r["Properties"]["Layers"] for r in template["Resources"].values() if r["Type"] == FUNCTION]
    assert layers == [
        [{"Fn::FindInMap": [name, {"Ref": "AWS::Region"}, "arm64"]}],
        [{"Fn::FindInMap": [name, {"Ref": "AWS::Region"}, "x8664"]}],
    ]
    assert set(mapping) == set(EXTENSION_LAYERS)
    assert mapping["eu-west-1"]["x8664"] == extension_layer_arn("eu-west-1", "x86_64")


def test_an_unknown_region_asks_for_the_layer() -> None:
    """The refusal says where the ARN goes, and the ARN given is taken."""
    stack = new_stack(region="eu-nowhere-1")
    with pytest.raises(
        RefusedError, match=r"got region eu-nowhere-1; .*ParametersExtension\(layer_version_arn="
    ):
        make(stack, parameters=[config(stack)])
    arn = "arn:aws:lambda:eu-nowhere-1:111111111111:layer:Extension:7"
    make(stack, extension=ParametersExtension(layer_version_arn=arn))
    assert properties(stack)["Layers"] == [arn]


def test_what_the_user_chooses_reaches_the_environment(stack: cdk.Stack) -> None:
    """TTLs, cache size, connections and log level are the extension's own variables."""
    extension = ParametersExtension(
        parameters_ttl=60,
        secrets_ttl=cdk.Duration.seconds(0),
        cache_size=10,
        max_connections=8,
        log_level="WARN",
    )
    make(stack, extension=extension)
    variables = properties(stack)["Environment"]["Variables"]
    assert (variables["SSM_PARAMETER_STORE_TTL"], variables["SECRETS_MANAGER_TTL"]) == ("60", "0")
    assert {
        k.removeprefix("PARAMETERS_SECRETS_EXTENSION_"): v for k, v in variables.items() if "EXTENSION" in k
    } == {
        "CACHE_SIZE": "10",
        "LOG_LEVEL": "WARN",
        "MAX_CONNECTIONS": "8",
    }


def test_there_is_a_connection_for_each_value(stack: cdk.Stack) -> None:
    """A cold environment fetches all of them side by side, in one round."""
    parameter = config(stack)
    make(stack, parameters=[parameter] * 5)
    assert (
        properties(stack)["Environment"]["Variables"]["PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS"] == "5"
    )


def test_the_fetch_is_a_call_of_the_budget(stack: cdk.Stack) -> None:
    """It is bounded, the extension gives up before its client, and no other wait outside the function moves."""
    orders = make(stack, parameters=[config(stack)])
    (table, fetch) = orders.budget.calls
    assert (fetch.name, fetch.connect, fetch.read) == (EXTENSION_CALL, 0.05, 1)
    assert (table.read, BUDGET.calls[0].read) == (2.949, 3.999)
    assert (orders.budget.function, orders.budget.integration) == (BUDGET.function, BUDGET.integration)
    variables = properties(stack)["Environment"]["Variables"]
    assert (variables["SSM_PARAMETER_STORE_TIMEOUT_MILLIS"], variables["SECRETS_MANAGER_TIMEOUT_MILLIS"]) == (
        "950",
        "950",
    )


def test_a_declared_fetch_is_taken_as_it_stands(stack: cdk.Stack) -> None:
    """Who knows better declares the call, and the extension waits a little less than that."""
    budget = TimeoutBudget(gateway=10, init=2, calls=[Call(EXTENSION_CALL, connect=0.1, read=2, attempts=1)])
    assert make(stack, parameters=[config(stack)], budget=budget).budget == budget
    assert properties(stack)["Environment"]["Variables"]["SECRETS_MANAGER_TIMEOUT_MILLIS"] == "1950"


def test_no_time_for_the_fetch_is_a_broken_hierarchy(stack: cdk.Stack) -> None:
    """The arithmetic shows the fetch as one of the calls, and the change that makes room."""
    budget = TimeoutBudget(gateway=None, init=2, calls=[Call("table", connect=1, read=3.8, attempts=1)])
    with pytest.raises(TimeoutHierarchyError) as refused:
        make(stack, parameters=[config(stack)], budget=budget)
    assert "call parameters-and-secrets: 1 x (connect 0.05 + read 0.25)" in str(refused.value)
    assert "function 7 -> 8" in str(refused.value)


@given(
    gateway=st.integers(3, 60),
    init=st.integers(0, 9),
    calls=st.lists(st.tuples(st.integers(1, 3), st.none() | st.floats(0.1, 5)), max_size=3),
)
def test_every_fetch_that_is_let_in_is_bounded_and_proven(
    gateway: int, init: int, calls: list[tuple[int, float | None]]
) -> None:
    """0.25 to 1 s, taken from the open reads in equal shares, with the function's timeout as it was."""
    try:
        budget = TimeoutBudget(
            gateway, init, calls=[Call(f"call {i}", attempts=n, read=r) for i, (n, r) in enumerate(calls)]
        )
        again = with_extension_call(budget)
    except TimeoutHierarchyError:
        assume(False)
    fetch = again.calls[-1]
    assert fetch.read is not None
    assert 0.25 <= fetch.read <= 1
    assert (again.function, again.integration, again.visibility) == (
        budget.function,
        budget.integration,
        budget.visibility,
    )
    assert (
        again.function > again.init + sum(c.worst_case for c in (call.numbers for call in again.calls)) / 1000
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"parameters_ttl": 301},
            "parameters_ttl: got 301 s; allowed: whole seconds from 0 to 300; fix: 300",
        ),
        ({"secrets_ttl": cdk.Duration.hours(1)}, "secrets_ttl: got 3600 s"),
        ({"secrets_ttl": -1}, "secrets_ttl: got -1 s"),
        ({"cache_size": 1001}, "cache_size: got 1001; allowed: whole numbers from 0 to 1000"),
        ({"cache_size": -1}, "cache_size: got -1"),
        ({"cache_size": 2.5}, "cache_size: got 2.5"),
        ({"max_connections": 0}, "max_connections: got 0; allowed: whole numbers >= 1"),
        ({"log_level": "TRACE"}, "log_level: got 'TRACE'; allowed: DEBUG, INFO, WARN, ERROR, NONE"),
    ],
    ids=[
        "TTL of parameters",
        "TTL of secrets",
        "negative TTL",
        "large cache",
        "negative cache",
        "half an item",
        "no connection",
        "log level",
    ],
)
def test_settings_that_the_extension_does_not_take_are_refused(
    arguments: dict[str, Any], message: str
) -> None:
    """The extension itself would fall back to a default and say so in a log that nobody reads."""
    with pytest.raises(RefusedError, match=message):
        ParametersExtension(**arguments)
