"""How long each kind of endpoint waits, and how a private one is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk.aws_apigateway import EndpointType

from constructs_lib import Access, HardenedRestApi, RefusedError, TimeoutBudget
from tests.api.apis import api_and_function, function, message, methods
from tests.snapshots import resources
from tests.synth import only, synthesize

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

LOWER_29 = "lower the budget to TimeoutBudget(gateway=29, ...)"


def waiting(seconds: float) -> TimeoutBudget:
    """Give a budget whose integration waits exactly this long."""
    return TimeoutBudget(gateway=seconds, integration=seconds, init=2, work=1)


def private_endpoint(stack: cdk.Stack) -> ec2.InterfaceVpcEndpoint:
    """Make an endpoint for ``execute-api`` in a VPC of its own."""
    vpc = ec2.Vpc(stack, "Vpc", max_azs=1, nat_gateways=0)
    return vpc.add_interface_endpoint("Api", service=ec2.InterfaceVpcEndpointAwsService.APIGATEWAY)


def options_for(endpoint_type: EndpointType, stack: cdk.Stack) -> dict[str, Any]:
    """Give what an API of this type needs besides its type."""
    return {"vpc_endpoints": [private_endpoint(stack)]} if endpoint_type is EndpointType.PRIVATE else {}


@pytest.mark.parametrize("endpoint_type", EndpointType)
def test_29_seconds_pass_on_every_endpoint(endpoint_type: EndpointType, stack: cdk.Stack) -> None:
    """The default limit is included, in milliseconds."""
    extra = options_for(endpoint_type, stack)
    api = HardenedRestApi(stack, "Api", endpoint_type=endpoint_type, authorizer=Access.PUBLIC, **extra)
    api.get("/orders", function(stack, budget=waiting(29)))
    template = synthesize(stack)
    assert methods(template)["GET /orders"]["Integration"]["TimeoutInMillis"] == 29_000
    configuration = only(template, "AWS::ApiGateway::RestApi")["Properties"]["EndpointConfiguration"]
    assert configuration["Types"] == [endpoint_type.value]


@pytest.mark.parametrize(
    ("endpoint_type", "mend"),
    [
        (
            EndpointType.REGIONAL,
            "or have quota L-E5AE38E3 raised and declare it: raised_quota=Duration.seconds(...)",
        ),
        (
            EndpointType.PRIVATE,
            "or have quota L-E5AE38E3 raised and declare it: raised_quota=Duration.seconds(...)",
        ),
        (EndpointType.EDGE, "or answer at once with asynchronous=True"),
    ],
)
def test_more_than_29_seconds_are_refused(endpoint_type: EndpointType, mend: str, stack: cdk.Stack) -> None:
    """The message names the endpoint's limit, and the quota only where there is one."""
    extra = options_for(endpoint_type, stack)
    api = HardenedRestApi(stack, "Api", endpoint_type=endpoint_type, authorizer=Access.PUBLIC, **extra)
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", function(stack, budget=waiting(29.5)))
    assert str(refusal.value) == message(
        "GET /orders: integration timeout",
        got="29.5 s",
        allowed=f"up to 29 s ({endpoint_type.value.lower()} endpoint, buffered response)",
        fix=f"{LOWER_29}, {mend}",
    )


@pytest.mark.parametrize("quota", [120, cdk.Duration.minutes(2)])
def test_raised_quota_is_taken_at_its_word(quota: Any) -> None:
    """With the quota declared a route may wait up to it, and not a moment longer."""
    stack, api, _ = api_and_function(raised_quota=quota)
    api.get("/orders", function(stack, "Slow", waiting(120)))
    with pytest.raises(RefusedError, match=r"got 120\.5 s; allowed: up to 120 s \(regional endpoint"):
        api.get("/slower", function(stack, "Slower", waiting(120.5)))


@pytest.mark.parametrize("quota", [29, 301])
def test_raised_quota_out_of_range_is_refused(quota: int) -> None:
    """29 s needs no raising, and over 300 s AWS raises to nobody."""
    with pytest.raises(RefusedError) as refusal:
        api_and_function(raised_quota=quota)
    assert str(refusal.value) == message(
        "raised_quota",
        got=f"{quota} s",
        allowed="more than 29 s, which needs no raising, up to 300 s",
        fix="give the account's value of quota L-E5AE38E3",
    )


def test_edge_has_no_quota_to_raise() -> None:
    """An edge-optimized API waits 29 s whatever the account's quota is."""
    with pytest.raises(RefusedError) as refusal:
        api_and_function(raised_quota=60, endpoint_type=EndpointType.EDGE)
    assert str(refusal.value) == message(
        "raised_quota",
        got="60 s on an edge-optimized API",
        allowed="none; edge-optimized APIs wait 29 s at most",
        fix="use EndpointType.REGIONAL, or leave raised_quota out",
    )


def test_token_quota_is_refused() -> None:
    """A quota known only at deploy time proves nothing."""
    with pytest.raises(
        RefusedError, match="raised_quota: got a token, whose value is known only at deploy time"
    ):
        api_and_function(raised_quota=cdk.Duration.seconds(cdk.Token.as_number({"Ref": "Quota"})))


@pytest.mark.parametrize("endpoint_type", [EndpointType.REGIONAL, EndpointType.EDGE])
def test_streamed_response_may_take_15_minutes(endpoint_type: EndpointType, stack: cdk.Stack) -> None:
    """Streaming has its own limit on every endpoint, and its own way to call Lambda."""
    api = HardenedRestApi(stack, "Api", endpoint_type=endpoint_type, authorizer=Access.PUBLIC)
    api.get("/export", function(stack, budget=waiting(900)), stream=True)
    integration = methods(synthesize(stack))["GET /export"]["Integration"]
    assert (integration["TimeoutInMillis"], integration["ResponseTransferMode"]) == (900_000, "STREAM")
    assert integration["Uri"]["Fn::Join"][1][-1] == "/response-streaming-invocations"


def test_streamed_response_over_15_minutes_is_refused() -> None:
    """The streaming limit is a limit too."""
    stack, api, _ = api_and_function()
    with pytest.raises(
        RefusedError, match=r"got 901 s; allowed: up to 900 s \(regional endpoint, streamed response\)"
    ):
        api.get("/export", function(stack, "Export", waiting(901)), stream=True)


def test_function_nobody_waits_for_is_refused(stack: cdk.Stack) -> None:
    """A budget without a gateway says that no caller waits; a synchronous route contradicts it."""
    api = HardenedRestApi(stack, "Api", authorizer=Access.PUBLIC)
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", function(stack, budget=TimeoutBudget(gateway=None, init=2, work=5)))
    assert str(refusal.value) == message(
        "GET /orders: integration timeout",
        got="a function whose budget has no gateway (gateway=None): nobody is meant to wait for it",
        allowed="a budget that says how long the caller may wait, or asynchronous=True",
        fix="TimeoutBudget(gateway=29, ...), or asynchronous=True for a 202 answer",
    )


def test_private_api(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """It deploys: its resource policy lets in what comes through the endpoint, and nothing else."""
    endpoint = private_endpoint(stack)
    api = HardenedRestApi(
        stack, "Api", endpoint_type=EndpointType.PRIVATE, vpc_endpoints=[endpoint], authorizer=Access.PUBLIC
    )
    api.get("/orders", function(stack))
    assert resources(synthesize(stack), "AWS::ApiGateway::RestApi") == snapshot


def test_private_api_without_endpoint_is_refused() -> None:
    """API Gateway deploys no private API without a resource policy, and nobody could reach it."""
    with pytest.raises(RefusedError) as refusal:
        api_and_function(endpoint_type=EndpointType.PRIVATE)
    assert str(refusal.value) == message(
        "vpc_endpoints",
        got="none on a private API, which API Gateway would not deploy without a resource policy",
        allowed="the execute-api interface endpoints through which it is reached",
        fix="vpc_endpoints=[vpc.add_interface_endpoint(...)]",
    )


def test_endpoints_on_a_public_api_are_refused(stack: cdk.Stack) -> None:
    """They would lock everyone else out of an API that is said to be public."""
    with pytest.raises(
        RefusedError, match="got endpoints on a regional API; allowed: endpoints on a private API only"
    ):
        HardenedRestApi(stack, "Api", vpc_endpoints=[private_endpoint(stack)])
