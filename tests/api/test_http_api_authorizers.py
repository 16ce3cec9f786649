"""Who may call an HTTP API: every route says it, and no kept decision answers for another route or caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_cognito as cognito

from constructs_lib import (
    Access,
    CognitoAuthorizer,
    JwtAuthorizer,
    RefusedError,
    RequestAuthorizer,
    TimeoutBudget,
    TokenAuthorizer,
)
from tests.api.apis import function
from tests.api.http_apis import api_and_function, message, routes, sources
from tests.synth import of_type, only, synthesize

if TYPE_CHECKING:
    import aws_cdk as cdk

    from tests.snapshots import Template

AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"
CUSTOMERS = JwtAuthorizer("https://login.shop.example/", audience=["shop-website"])


def template_of(authorizer: Any, **options: Any) -> Template:
    """Synthesize an API with one route under an authorizer, which may be made of the stack."""
    stack, api, orders = api_and_function(authorizer=None)
    api.get(
        "/orders", orders, authorizer=authorizer(stack) if callable(authorizer) else authorizer, **options
    )
    return synthesize(stack)


def check(stack: cdk.Stack) -> Any:
    """Make the authorizer function."""
    return function(stack, "Check")


@pytest.mark.parametrize(("access", "kind"), [(Access.PUBLIC, "NONE"), (Access.IAM, "AWS_IAM")])
def test_access_without_an_authorizer(access: Access, kind: str) -> None:
    """Public and IAM routes need no further resource."""
    template = template_of(access)
    assert routes(template)["GET /orders"]["AuthorizationType"] == kind
    assert not of_type(template, AUTHORIZER)


def test_route_must_say_who_may_call_it() -> None:
    """Nothing is open by accident."""
    _, api, orders = api_and_function(authorizer=None)
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", orders)
    assert str(refusal.value) == message(
        "GET /orders: authorizer",
        got="none, neither on the route nor on the API",
        allowed="an authorizer, Access.IAM or Access.PUBLIC",
        fix="authorizer=Access.PUBLIC if everyone may call it",
    )


def test_jwt_authorizer_with_scopes() -> None:
    """The API checks issuer and audience itself; the route asks for scopes."""
    template = template_of(CUSTOMERS, scopes=["orders/read"])
    authorizer = only(template, AUTHORIZER)["Properties"]
    assert authorizer["AuthorizerType"] == "JWT"
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["JwtConfiguration"] == {
        "Audience": ["shop-website"],
        "Issuer": "https://login.shop.example/",
    }
    route = routes(template)["GET /orders"]
    assert route["AuthorizationType"] == "JWT"
    assert route["AuthorizationScopes"] == ["orders/read"]


@pytest.mark.parametrize(
    "issuer", ["", "login.shop.example", "http://login.shop.example", "https://login.shop.example/?a=b"]
)
def test_issuer_is_a_url(issuer: str) -> None:
    """The API reads the provider's keys there; else every caller gets a 401."""
    with pytest.raises(
        RefusedError, match=r"GET /orders: authorizer: issuer: got .*; allowed: the https URL"
    ):
        template_of(JwtAuthorizer(issuer, audience=["shop-website"]))


def test_issuer_may_be_a_token() -> None:
    """A pool's URL is often known at deploy time only."""
    stack, api, orders = api_and_function(authorizer=None)
    pool = cognito.UserPool(stack, "Users")
    api.get(
        "/orders", orders, authorizer=JwtAuthorizer(pool.user_pool_provider_url, audience=["shop-website"])
    )
    assert "Fn::GetAtt" in only(synthesize(stack), AUTHORIZER)["Properties"]["JwtConfiguration"]["Issuer"]


@pytest.mark.parametrize("audience", [[], [""], "shop-website", None])
def test_audience_is_a_list(audience: Any) -> None:
    """Without an audience a token that was issued for another application would do."""
    with pytest.raises(RefusedError, match=r"authorizer: audience: got .*; allowed: a list of at least one"):
        template_of(JwtAuthorizer("https://login.shop.example", audience=audience))


def test_cognito_authorizer() -> None:
    """The pool is the issuer, its clients are the audience."""
    stack, api, orders = api_and_function(authorizer=None)
    pool = cognito.UserPool(stack, "Users")
    users = CognitoAuthorizer([pool], clients=[pool.add_client("Website")])
    api.get("/orders", orders, authorizer=users, scopes=["orders/read"])
    template = synthesize(stack)
    configuration = only(template, AUTHORIZER)["Properties"]["JwtConfiguration"]
    (client,) = of_type(template, "AWS::Cognito::UserPoolClient")
    assert configuration["Audience"] == [{"Ref": client}]
    assert "cognito-idp" in str(configuration["Issuer"])


@pytest.mark.parametrize(
    ("pools", "clients", "what"),
    [(0, 1, "user_pools: got 0; allowed: one"), (2, 1, "user_pools: got 2"), (1, 0, "clients: got none")],
)
def test_cognito_authorizer_knows_pool_and_clients(pools: int, clients: int, what: str) -> None:
    """Without clients CDK would make one, of which nobody has a token."""
    stack, api, orders = api_and_function(authorizer=None)
    made = [cognito.UserPool(stack, f"Users{number}") for number in range(2)]
    client = made[0].add_client("Website")
    authorizer = CognitoAuthorizer(made[:pools], clients=[client][:clients])
    with pytest.raises(RefusedError, match=f"GET /orders: authorizer: {what}"):
        api.get("/orders", orders, authorizer=authorizer)


def test_lambda_authorizer_keeps_no_decision_by_default() -> None:
    """It answers yes or no to payload format 2.0; CDK's default of five minutes would answer for all routes."""
    authorizer = only(template_of(lambda stack: RequestAuthorizer(check(stack))), AUTHORIZER)["Properties"]
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["EnableSimpleResponses"] is True
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"


def test_kept_decision_is_kept_per_method_and_path() -> None:
    """A simple answer says nothing of the route it was given for."""
    template = template_of(lambda stack: RequestAuthorizer(check(stack), query=["user"], cache_ttl=60))
    authorizer = only(template, AUTHORIZER)["Properties"]
    assert authorizer["AuthorizerResultTtlInSeconds"] == 60
    assert authorizer["IdentitySource"] == [
        "$request.header.Authorization",
        "$request.querystring.user",
        "$context.httpMethod",
        "$context.path",
    ]


def test_kept_decision_without_identity_is_refused() -> None:
    """One caller's decision would be everyone's."""
    with pytest.raises(RefusedError, match="authorizer cache_ttl: got 60 s without identity sources"):
        template_of(lambda stack: RequestAuthorizer(check(stack), headers=[], cache_ttl=60))


def test_authorizer_is_called_through_the_alias() -> None:
    """Its warm capacity counts, and the API may invoke it for this authorizer alone."""
    template = template_of(lambda stack: RequestAuthorizer(check(stack)))
    (alias,) = (name for name in of_type(template, "AWS::Lambda::Alias") if name.startswith("Check"))
    ((name, authorizer),) = of_type(template, AUTHORIZER).items()
    assert {"Ref": alias} in authorizer["Properties"]["AuthorizerUri"]["Fn::Join"][1]
    permissions = [p["Properties"] for p in of_type(template, "AWS::Lambda::Permission").values()]
    (permission,) = (p for p in permissions if p["FunctionName"] == {"Ref": alias})
    assert permission["SourceArn"]["Fn::Join"][1][-2:] == ["/authorizers/", {"Ref": name}]


@pytest.mark.parametrize(
    ("budget", "got"),
    [
        (
            TimeoutBudget(gateway=None, init=1, function=10),
            "11.5 s (1 s init + 10 s function + 0.5 s margin)",
        ),
        (TimeoutBudget(gateway=None, init=4, function=6), "10.5 s (4 s init + 6 s function + 0.5 s margin)"),
        (TimeoutBudget(gateway=None, init=1, function=10, cold_starts=False), "10 s"),
    ],
    ids=["function", "cold start", "no cold start"],
)
def test_authorizer_that_the_api_would_not_wait_for_is_refused(budget: TimeoutBudget, got: str) -> None:
    """It gives up after 10 s, and callers get a 500 that names no cause."""
    with pytest.raises(RefusedError) as refusal:
        template_of(lambda stack: RequestAuthorizer(function(stack, "Check", budget)))
    assert str(refusal.value) == message(
        "GET /orders: authorizer",
        got=f"a function that may take {got}",
        allowed="less than 10 s: an HTTP API waits no longer for a decision, and answers 500",
        fix="TimeoutBudget(gateway=10, ...), which leaves the function what fits",
    )


def test_authorizer_within_the_wait_is_taken() -> None:
    """The fix that the refusal names is good."""
    budget = TimeoutBudget(gateway=10, init=1)
    assert only(template_of(lambda stack: RequestAuthorizer(function(stack, "Check", budget))), AUTHORIZER)


def test_rest_apis_token_authorizer_is_refused() -> None:
    """HTTP APIs have request authorizers, which can do the same."""
    with pytest.raises(RefusedError) as refusal:
        template_of(lambda stack: TokenAuthorizer(check(stack)))
    assert str(refusal.value) == message(
        "GET /orders: authorizer",
        got="TokenAuthorizer",
        allowed="Access, RequestAuthorizer, JwtAuthorizer or CognitoAuthorizer of constructs_lib",
        fix="use one of them",
    )


@pytest.mark.parametrize("authorizer", [Access.IAM, RequestAuthorizer], ids=["IAM", "function"])
def test_scopes_need_tokens(authorizer: Any) -> None:
    """Only a token carries scopes; API Gateway would fail the deployment."""
    stack, api, orders = api_and_function()
    known = authorizer if authorizer is Access.IAM else authorizer(check(stack))
    with pytest.raises(RefusedError, match="scopes: got scopes without a JWT or Cognito authorizer"):
        api.get("/orders", orders, authorizer=known, scopes=["orders/read"])


def test_equal_authorizers_are_one() -> None:
    """Written out twice they are still one authorizer, with one permission; another header makes another."""
    stack, api, orders = api_and_function(authorizer=None)
    function_ = check(stack)
    api.get("/a", orders, authorizer=RequestAuthorizer(function_))
    api.get("/b", orders, authorizer=RequestAuthorizer(function_))
    api.get("/c", orders, authorizer=RequestAuthorizer(function_, headers=["X-Token"]))
    api.get("/d", orders, authorizer=JwtAuthorizer("https://a.example", audience=("x",)))
    api.get("/e", orders, authorizer=JwtAuthorizer("https://a.example", audience=("x",)))
    template = synthesize(stack)
    assert len(of_type(template, AUTHORIZER)) == 3
    assert len([each for each in sources(template) if each.startswith("{'Ref'")]) == 2
