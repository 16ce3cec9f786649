"""The rules about APIs, caches and capacity on what HardenedRestApi makes: silent, and sure of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito

from constructs_lib import CachePolicy, CognitoAuthorizer, RequestAuthorizer, TokenAuthorizer
from constructs_lib.policy import check_templates
from constructs_lib.policy.rules import ALL
from constructs_lib.policy.template.template import parse
from tests.api.apis import api_and_function, function
from tests.synth import synthesize

if TYPE_CHECKING:
    from collections.abc import Callable

    import aws_cdk as cdk

    from constructs_lib import HardenedFunction, HardenedRestApi

    AddRoutes = Callable[[cdk.Stack, HardenedRestApi, HardenedFunction], None]

MINUTE = CachePolicy(ttl=60)
RULES = [rule for rule in ALL if rule.id[0] in "AC"]
PARTNERS = apigateway.ThrottleSettings(rate_limit=5, burst_limit=10)


def public(_: cdk.Stack, api: HardenedRestApi, orders: HardenedFunction) -> None:
    """Cache one public route among others."""
    api.get("/orders/{id}", orders, query=["limit"], headers=["Accept-Language"], cache=MINUTE)
    api.get("/orders", orders)
    api.post("/orders", orders)


def user_pool(stack: cdk.Stack, api: HardenedRestApi, orders: HardenedFunction) -> None:
    """Cache a route for the users of a pool."""
    users = CognitoAuthorizer([cognito.UserPool(stack, "Users")])
    api.get("/orders/{id}", orders, authorizer=users, cache=MINUTE)


def token(stack: cdk.Stack, api: HardenedRestApi, orders: HardenedFunction) -> None:
    """Cache a route for the bearers of a token."""
    api.get(
        "/orders", orders, authorizer=TokenAuthorizer(function(stack, "Gate")), cache=MINUTE, query=["page"]
    )


def request(stack: cdk.Stack, api: HardenedRestApi, orders: HardenedFunction) -> None:
    """Cache a route for callers known by a header."""
    gate = RequestAuthorizer(function(stack, "Gate"), headers=["X-User"])
    api.get("/orders", orders, authorizer=gate, cache=MINUTE)


def api_key(_: cdk.Stack, api: HardenedRestApi, orders: HardenedFunction) -> None:
    """Cache a route for the key holders of a plan."""
    api.add_usage_plan("Partners", throttle=PARTNERS, keys=["Acme"])
    api.get("/orders", orders, api_key_required=True, cache=MINUTE)


@pytest.mark.parametrize("add_routes", [public, user_pool, token, request, api_key])
def test_hardened_api_breaks_no_rule(add_routes: AddRoutes) -> None:
    """What the construct makes keeps every rule about stages, caches and capacity, and nothing of it is unknown."""
    stack, api, orders = api_and_function(cors=apigateway.CorsOptions(allow_origins=["https://shop.example"]))
    add_routes(stack, api, orders)
    report = check_templates([parse(json.dumps(synthesize(stack)), "template.json")], rules=RULES)
    (coverage,) = report.coverage
    assert ([*report.findings], [*coverage.unknowns], [*coverage.missed]) == ([], [], [])


def test_same_api_without_its_keys_and_encryption_breaks_them() -> None:
    """The silence is earned: taken out of the same template, each protection is missed."""
    stack, api, orders = api_and_function()
    token(stack, api, orders)
    text = (
        json.dumps(synthesize(stack)).replace("CacheKeyParameters", "Without").replace("CacheDataEnc", "No")
    )
    findings = check_templates([parse(text, "template.json")], rules=RULES).findings
    assert {finding.rule for finding in findings} == {"A601", "A605", "A606"}
