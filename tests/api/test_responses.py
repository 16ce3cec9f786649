"""What the gateway itself answers: JSON, readable by browsers, with a hint when to come back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk.aws_apigateway import CorsOptions

from constructs_lib import AsyncFailure, RefusedError, TimeoutBudget
from tests.api.apis import api_and_function, function, message, methods
from tests.snapshots import resources
from tests.synth import of_type, synthesize

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

SHOP = CorsOptions(allow_origins=["https://shop.example"])
ORIGIN = "gatewayresponse.header.Access-Control-Allow-Origin"


def gateway_responses(cors: CorsOptions | None) -> dict[str, dict[str, Any]]:
    """Give the API's gateway responses by type."""
    stack, api, orders = api_and_function(cors=cors)
    api.post("/orders", orders, body={"type": "object"})
    found = of_type(synthesize(stack), "AWS::ApiGateway::GatewayResponse").values()
    return {each["Properties"]["ResponseType"]: each["Properties"] for each in found}


def test_cors(snapshot: SnapshotAssertion) -> None:
    """Preflight on the route's path, headers on every gateway response."""
    stack, api, orders = api_and_function(cors=SHOP)
    api.get("/orders", orders)
    kinds = ("AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::Method")
    assert resources(synthesize(stack), *kinds) == snapshot


@pytest.mark.parametrize("cors", [SHOP, None], ids=["with CORS", "without CORS"])
def test_gateway_errors_are_json_with_the_request_id(cors: CorsOptions | None) -> None:
    """What a caller reports is what the access log is searched for."""
    found = gateway_responses(cors)
    assert set(found) == {
        "DEFAULT_4XX",
        "DEFAULT_5XX",
        "BAD_REQUEST_BODY",
        "THROTTLED",
        "INTEGRATION_TIMEOUT",
    }
    for response in found.values():
        text = response["ResponseTemplates"]["application/json"]
        body = json.loads(text.replace("$context.error.messageString", '"message"'))
        assert body["requestId"] == "$context.requestId"
        assert (ORIGIN in response.get("ResponseParameters", {})) == (cors is not None)


def test_throttled_callers_are_told_when_to_come_back() -> None:
    """429 carries Retry-After, with CORS or without."""
    for cors in (SHOP, None):
        throttled = gateway_responses(cors)["THROTTLED"]
        assert throttled["StatusCode"] == "429"
        assert throttled["ResponseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


def test_an_api_without_bodies_says_nothing_of_them() -> None:
    """The answer to a bad body is made with the first route that has a schema, once."""
    stack, api, orders = api_and_function()
    api.get("/orders", orders)
    template = synthesize(stack)
    kinds = [
        each["Properties"]["ResponseType"]
        for each in of_type(template, "AWS::ApiGateway::GatewayResponse").values()
    ]
    assert "BAD_REQUEST_BODY" not in kinds
    assert len(kinds) == len(set(kinds)) == 4


def test_timeout_keeps_its_status() -> None:
    """A 504 stays a 504 and is no CORS riddle in the browser's console."""
    timeout = gateway_responses(SHOP)["INTEGRATION_TIMEOUT"]
    assert timeout["StatusCode"] == "504"
    assert timeout["ResponseParameters"][ORIGIN] == "'https://shop.example'"


def test_refused_body_says_why() -> None:
    """What did not match the schema is in the answer."""
    template = gateway_responses(None)["BAD_REQUEST_BODY"]["ResponseTemplates"]["application/json"]
    assert '"reason":"$context.error.validationErrorString"' in template


@pytest.mark.parametrize(
    ("cors", "origin"),
    [
        (CorsOptions(allow_origins=["*"]), "'*'"),
        (CorsOptions(allow_origins=["https://a.example", "https://b.example"]), "'*'"),
        (SHOP, "'https://shop.example'"),
    ],
)
def test_origin_of_gateway_errors(cors: CorsOptions, origin: str) -> None:
    """They are the same for all callers: one origin is named, several become any."""
    assert gateway_responses(cors)["DEFAULT_5XX"]["ResponseParameters"][ORIGIN] == origin


def test_credentials_and_exposed_headers_reach_gateway_errors() -> None:
    """A browser that sent cookies shows the error only if it is told so."""
    cors = CorsOptions(
        allow_origins=["https://shop.example"], allow_credentials=True, expose_headers=["Retry-After"]
    )
    parameters = gateway_responses(cors)["THROTTLED"]["ResponseParameters"]
    assert parameters["gatewayresponse.header.Access-Control-Allow-Credentials"] == "'true'"
    assert parameters["gatewayresponse.header.Access-Control-Expose-Headers"] == "'Retry-After'"
    assert parameters["gatewayresponse.header.Vary"] == "'Origin'"


def test_preflight_once_per_path() -> None:
    """Two methods on one path share it; paths between have none."""
    stack, api, orders = api_and_function(
        cors=CorsOptions(allow_origins=["https://shop.example"], max_age=cdk.Duration.hours(1))
    )
    api.get("/shops/{shop}/orders", orders)
    api.post("/shops/{shop}/orders", orders)
    found = methods(synthesize(stack))
    assert [route for route in found if route.startswith("OPTIONS")] == ["OPTIONS /shops/{shop}/orders"]
    preflight = found["OPTIONS /shops/{shop}/orders"]["Integration"]["IntegrationResponses"][0]
    assert preflight["ResponseParameters"]["method.response.header.Access-Control-Max-Age"] == "'3600'"


def test_accepted_answers_carry_cors_headers() -> None:
    """The 202 of an asynchronous route comes from the gateway, so the function cannot set them."""
    stack, api, _ = api_and_function(cors=SHOP)
    worker = function(stack, "Work", TimeoutBudget(gateway=None, work=5), async_failure=AsyncFailure())
    api.post("/reports", worker, asynchronous=True)
    method = methods(synthesize(stack))["POST /reports"]
    header = "method.response.header.Access-Control-Allow-Origin"
    assert (
        method["Integration"]["IntegrationResponses"][0]["ResponseParameters"][header]
        == "'https://shop.example'"
    )
    assert method["MethodResponses"][0]["ResponseParameters"][header] is True


@pytest.mark.parametrize("origins", [["*"], ["https://a.example", "https://b.example"]])
def test_credentials_need_one_origin(origins: list[str]) -> None:
    """Browsers take no ``*`` with credentials."""
    with pytest.raises(RefusedError) as refusal:
        api_and_function(cors=CorsOptions(allow_origins=origins, allow_credentials=True))
    assert str(refusal.value) == message(
        "cors",
        got=f"allow_credentials with origins {', '.join(origins)}",
        allowed="one origin: browsers take no * with credentials, and a gateway response is the same for all",
        fix="name one origin, or drop allow_credentials",
    )


@pytest.mark.parametrize(
    ("cors", "got"),
    [
        (CorsOptions(allow_origins=[]), "allow_origins without an origin"),
        (CorsOptions(allow_origins=["*", "https://a.example"]), r"allow_origins \*, https://a.example"),
        (
            CorsOptions(allow_origins=["*"], max_age=cdk.Duration.hours(1), disable_cache=True),
            "max_age together with disable_cache",
        ),
    ],
)
def test_contradictory_cors_is_refused_before_the_first_route(cors: CorsOptions, got: str) -> None:
    """CDK notices when it makes a preflight, and the route is half made by then."""
    with pytest.raises(RefusedError, match=f"'Api': cors: got {got}"):
        api_and_function(cors=cors)
