"""What the reference stack promises, in both stages."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.synth import of_type, only

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.stacks.reference_app import Synthesized, Template


@pytest.fixture(params=["dev", "prod"])
def template(request: pytest.FixtureRequest, synthesized: Mapping[str, Synthesized]) -> Template:
    """Give each stage's template in turn."""
    return synthesized[request.param].template


def named(template: Template, kind: str, name: str) -> Template:
    """Give the one resource of a type whose logical id starts with a name."""
    (found,) = (each for key, each in of_type(template, kind).items() if key.startswith(name))
    return dict(found)


def references(value: Any) -> set[str]:
    """Give the logical ids that a value refers to."""
    return set(re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"', json.dumps(value)))


def routes(template: Template) -> Iterator[tuple[Template, Template]]:
    """Give each method's properties with those of the function behind it, found through the alias."""
    aliases, functions = of_type(template, "AWS::Lambda::Alias"), of_type(template, "AWS::Lambda::Function")
    for method in of_type(template, "AWS::ApiGateway::Method").values():
        (alias,) = references(method["Properties"]["Integration"]["Uri"]) & set(aliases)
        (function,) = references(aliases[alias]["Properties"]["FunctionName"])
        yield method["Properties"], functions[function]


def actions(template: Template, function: str, service: str) -> set[str]:
    """Give what a function's role may do with a service."""
    statements = named(template, "AWS::IAM::Policy", function)["Properties"]["PolicyDocument"]["Statement"]
    allowed = (statement["Action"] for statement in statements)
    flat = {each for action in allowed for each in ([action] if isinstance(action, str) else action)}
    return {action for action in flat if action.startswith(f"{service}:")}


def test_every_gateway_outlasts_a_cold_start(template: Template) -> None:
    """H1 and H2, read back from the template: the integration waits longer than init and timeout together."""
    proven = 0
    for method, function in routes(template):
        if "RequestParameters" in method["Integration"]:
            continue  # asynchronous: the gateway does not wait for the function
        budget = function["Metadata"]["constructs-lib"]["budget"]
        wait = method["Integration"]["TimeoutInMillis"] / 1000
        assert wait > budget["init"] + function["Properties"]["Timeout"]
        proven += 1
    assert proven >= 3


def test_every_function_can_start_again_within_its_timeout(template: Template) -> None:
    """H3, read back from the template."""
    for function in of_type(template, "AWS::Lambda::Function").values():
        budget = function["Metadata"]["constructs-lib"]["budget"]
        assert function["Properties"]["Timeout"] > budget["init"] + budget["work"]


def test_the_handler_gets_the_budget_that_was_proven(template: Template) -> None:
    """The numbers in the environment are those in the Metadata."""
    for function in of_type(template, "AWS::Lambda::Function").values():
        variable = function["Properties"]["Environment"]["Variables"]["TIMEOUT_BUDGET"]
        assert json.loads(variable) == function["Metadata"]["constructs-lib"]["budget"]


def test_every_route_needs_a_token(template: Template) -> None:
    """All methods ask the one authorizer."""
    (authorizer,) = of_type(template, "AWS::ApiGateway::Authorizer")
    for method in of_type(template, "AWS::ApiGateway::Method").values():
        properties = method["Properties"]
        assert (properties["AuthorizationType"], properties["AuthorizerId"]) == (
            "CUSTOM",
            {"Ref": authorizer},
        )


@pytest.mark.parametrize(
    ("token", "well_formed"),
    [
        pytest.param(f"Bearer acme.{'0a' * 32}", True, id="signed"),
        pytest.param(f"acme.{'0a' * 32}", False, id="no scheme"),
        pytest.param("Bearer acme", False, id="no signature"),
        pytest.param(f"Bearer .{'0a' * 32}", False, id="no customer"),
        pytest.param(f"Bearer acme.{'0a' * 32}0", False, id="too long"),
    ],
)
def test_malformed_tokens_never_reach_the_authorizer(dev: Template, token: str, well_formed: bool) -> None:
    """The pattern lets through what could be a token, and nothing else."""
    properties = only(dev, "AWS::ApiGateway::Authorizer")["Properties"]
    assert bool(re.fullmatch(properties["IdentityValidationExpression"], token)) is well_formed


def test_each_function_may_do_what_its_routes_need(template: Template) -> None:
    """Least privilege at the table."""
    wanted = {
        "Authorize": set(),
        "ReadOrders": {"dynamodb:GetItem", "dynamodb:Query"},
        "PlaceOrder": {"dynamodb:PutItem"},
        "NotifyCustomer": {"dynamodb:UpdateItem"},
        "FulfilmentFulfilOrder": {"dynamodb:UpdateItem"},
        "FulfilmentInvoiceOrder": {"dynamodb:UpdateItem"},
        "ClosingListClosable": {"dynamodb:Scan"},
        "ClosingCloseOrders": {"dynamodb:GetItem", "dynamodb:UpdateItem"},
    }
    assert {name: actions(template, name, "dynamodb") for name in wanted} == wanted


def test_an_order_is_placed_by_one_write(template: Template) -> None:
    """PlaceOrder can send neither messages nor events, which could be lost after the write; the stream has the order."""
    assert {service: actions(template, "PlaceOrder", service) for service in ("sqs", "sns", "events")} == {
        "sqs": set(),
        "sns": set(),
        "events": set(),
    }
    mapping = named(template, "AWS::Lambda::EventSourceMapping", "FulfilmentPlaced")["Properties"]
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["OrdersA9B65338", "StreamArn"]}
    (filter_,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(filter_["Pattern"]) == {"eventName": ["INSERT"]}


def test_the_nightly_run_is_named_by_its_time(template: Template) -> None:
    """A start that is repeated is a start of the same run; one that fails ends in the workflow's failure queue."""
    target = only(template, "AWS::Scheduler::Schedule")["Properties"]["Target"]
    assert json.loads(target["Input"]) == {"run": "<aws.scheduler.scheduled-time>", "days": 30}
    (queue,) = references(target["DeadLetterConfig"])
    assert queue.startswith("ClosingWorkflowFailureQueue")


def test_all_that_fails_is_kept_and_noticed(template: Template) -> None:
    """Every dead-letter and failure queue has an alarm."""
    watched = set()
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        watched |= references(alarm["Properties"].get("Dimensions", []))
    failures = {
        key for key in of_type(template, "AWS::SQS::Queue") if "LetterQueue" in key or "FailureQueue" in key
    }
    assert len(failures) == 7
    assert failures <= watched


def test_only_the_authorizer_may_read_the_signing_key(template: Template) -> None:
    """No other function could give the key away."""
    names = ("Authorize", "ReadOrders", "PlaceOrder", "NotifyCustomer")
    assert [name for name in names if actions(template, name, "secretsmanager")] == ["Authorize"]


def test_no_secret_is_in_the_template(template: Template) -> None:
    """The key is made up by Secrets Manager and resolved nowhere."""
    assert "{{resolve:" not in json.dumps(template)
    assert "SecretString" not in only(template, "AWS::SecretsManager::Secret")["Properties"]


def test_orders_are_encrypted_and_can_be_restored(template: Template) -> None:
    """The table has a key of KMS and point-in-time recovery."""
    table = named(template, "AWS::DynamoDB::Table", "Orders")["Properties"]
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_prod_keeps_its_data(synthesized: Mapping[str, Synthesized], prod: Template) -> None:
    """Neither a deleted stack nor a replaced table takes orders or logs with it."""
    kinds = (
        "AWS::DynamoDB::Table",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
    )
    kept = [each for kind in kinds for each in of_type(prod, kind).values()]
    assert {each["DeletionPolicy"] for each in kept} == {"RetainExceptOnCreate"}
    assert {each["UpdateReplacePolicy"] for each in kept} == {"Retain"}
    assert named(prod, "AWS::DynamoDB::Table", "Orders")["Properties"]["DeletionProtectionEnabled"] is True
    manifest = json.loads((synthesized["prod"].directory / "manifest.json").read_text())
    assert manifest["artifacts"]["Orders-prod"]["properties"]["terminationProtection"] is True


def test_dev_leaves_nothing(dev: Template) -> None:
    """``cdk destroy`` of the dev stage takes all with it, but for the account's role."""
    kept = [key for key, each in dev["Resources"].items() if each.get("DeletionPolicy", "Delete") != "Delete"]
    assert [key for key in kept if not key.startswith("ApiGatewayAccountRole")] == []


def test_prod_caches_the_list_for_each_customer(prod: Template) -> None:
    """One method is cached, encrypted, under a key with the caller's token and all that the answer depends on."""
    stage = only(prod, "AWS::ApiGateway::Stage")["Properties"]
    cached = [setting for setting in stage["MethodSettings"] if setting["CachingEnabled"]]
    (method,) = (method for method, _ in routes(prod) if method["Integration"].get("CacheKeyParameters"))
    assert stage["CacheClusterEnabled"] is True
    assert [(each["HttpMethod"], each["ResourcePath"]) for each in cached] == [("GET", "/~1orders")]
    assert (cached[0]["CacheTtlInSeconds"], cached[0]["CacheDataEncrypted"]) == (60, True)
    assert set(method["Integration"]["CacheKeyParameters"]) == {
        "method.request.header.Authorization",
        "method.request.querystring.after",
    }


def test_dev_pays_for_no_cache(dev: Template) -> None:
    """The stage states that its cache is off."""
    stage = only(dev, "AWS::ApiGateway::Stage")["Properties"]
    assert stage["CacheClusterEnabled"] is False
    assert not any(setting["CachingEnabled"] for setting in stage["MethodSettings"])


def test_prod_is_warm_where_customers_wait(prod: Template) -> None:
    """The functions behind synchronous routes, and the authorizer, keep environments; the worker does not."""
    warm = {
        key: alias["Properties"]["ProvisionedConcurrencyConfig"]["ProvisionedConcurrentExecutions"]
        for key, alias in of_type(prod, "AWS::Lambda::Alias").items()
        if "ProvisionedConcurrencyConfig" in alias["Properties"]
    }
    assert sorted(re.sub("Alias.*", "", key) for key in warm) == ["Authorize", "PlaceOrder", "ReadOrders"]
    assert set(warm.values()) == {2}


def test_prod_is_never_scheduled_to_nothing(prod: Template) -> None:
    """Tracked between 2 and 50, at least 10 by day and 2 by night."""
    targets = of_type(prod, "AWS::ApplicationAutoScaling::ScalableTarget").values()
    assert len(targets) == 3
    for target in targets:
        properties = target["Properties"]
        actions_ = [scheduled["ScalableTargetAction"] for scheduled in properties["ScheduledActions"]]
        assert (properties["MinCapacity"], properties["MaxCapacity"]) == (2, 50)
        assert actions_ == [{"MinCapacity": 10, "MaxCapacity": 50}, {"MinCapacity": 2, "MaxCapacity": 50}]


def test_dev_keeps_nothing_warm(dev: Template) -> None:
    """No environment is paid for while nobody calls."""
    aliases = of_type(dev, "AWS::Lambda::Alias").values()
    assert not any("ProvisionedConcurrencyConfig" in alias["Properties"] for alias in aliases)
    assert of_type(dev, "AWS::ApplicationAutoScaling::ScalableTarget") == {}


def test_prod_has_no_function_that_fails_on_purpose(dev: Template, prod: Template) -> None:
    """Diagnostics and its unguarded twin are in the dev stage only."""
    handlers = {
        stage: {each["Properties"]["Handler"] for each in of_type(found, "AWS::Lambda::Function").values()}
        for stage, found in (("dev", dev), ("prod", prod))
    }
    failing = {"orders.diagnostics.handler", "orders.unguarded.handler"}
    assert handlers["dev"] - handlers["prod"] == failing


def test_the_stages_limit_what_callers_may_ask_for(dev: Template, prod: Template) -> None:
    """Rate and burst of each stage are those of ``cdk.json``."""
    limits = []
    for template in (dev, prod):
        settings = only(template, "AWS::ApiGateway::Stage")["Properties"]["MethodSettings"]
        limits += [(each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"]) for each in settings[:1]]
    assert limits == [(5, 10), (100, 200)]
