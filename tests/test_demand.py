"""The pains of serverless systems, one by one: the code that would write each, and what is raised instead.

Where no construct can see the contradiction, or a template is not of this library, a rule of the policy finds it. Where
nothing has to be raised, because what is made is right whatever was asked for, the template shows it. Three lists: what is
refused, what comes out right, and what can still be written without a word.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_apigateway import CorsOptions, ThrottleSettings
from aws_cdk.aws_applicationautoscaling import Schedule

from constructs_lib import (
    Access,
    AsyncApi,
    AsyncFailure,
    CachePolicy,
    Call,
    CapacitySchedule,
    EventRule,
    HardenedHttpApi,
    HardenedRestApi,
    JobFunction,
    ProvisionedConcurrency,
    QueueWorker,
    TimeoutBudget,
    WarmSchedule,
)
from constructs_lib.errors import ConstructsLibError
from constructs_lib.policy.rules import ALL
from tests.compute.functions import make
from tests.messaging.listeners import PLACED
from tests.messaging.workers import BUDGET
from tests.synth import of_type, only, synthesize

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs_lib import HardenedFunction

Template = dict[str, Any]

RULES: dict[str, tuple[str, ...]] = {
    "1 function outlasts its gateway": ("T101", "T102"),
    "2 gateway wait over its limit": ("T103",),
    "3 warm capacity nobody invokes": ("C501",),
    "4 provisioned concurrency on a version": ("C505",),
    "5 alias stays behind a change of configuration": ("K904",),
    "6 provisioned concurrency scheduled to 0": ("C506",),
    "8 message handed out again while it is worked on": ("Q301", "Q302"),
    "9 encrypted dead-letter queue that nobody may write to": ("D703",),
    "10 dead-letter queue of the wrong kind, or none": ("D701", "D702", "D704", "D705", "D707", "D708"),
    "11 init counted wrongly": ("I201", "I202", "I203"),
    "13 SDK defaults outlast the function": ("T110",),
    "14 reserves over the account's limit": ("C503",),
    "15 two limits that contradict each other": ("C502", "I207", "Q309"),
    "16 cache that stays on": ("A603",),
    "17 cache shared between callers": ("A601", "A602", "A604", "A605", "A606"),
    "18 throttle without effect": ("C508",),
    "19 account's CloudWatch role stolen": ("A609",),
    "20 stage not deployed anew": ("A608",),
    "25 errors without CORS": ("A610",),
    "27 extension without timeouts, of another architecture": ("I204", "I205"),
    "28 secret in the environment": ("S801", "S802"),
    "29 function in a VPC cut off": ("S805",),
    "31 connections over the database's": ("C510",),
    "34 warmer of the wrong qualifier": ("C507",),
    "38 waiver that hides too much": ("V001", "V002", "V003"),
    "+ durable function without a qualifier": ("C509",),
}
"""The rules that find each pain in any template."""

NOT_YET = (
    "7 canary beside provisioned concurrency",
    "23 more resources and control-plane calls than a deployment takes",
    "30 function in a VPC that takes an hour to delete",
    "32 cache cluster and web ACL without L2",
    "33 alarms on cold starts",
    "37 price of warm capacity at synth",
    "+ base paths of a custom domain",
)
"""No construct and no rule says a word about these."""


def of(stack: cdk.Stack, construct_id: str = "Ship", **options: Any) -> HardenedFunction:
    """Make a function that nobody waits for."""
    return make(stack, construct_id, **({"budget": BUDGET} | options))


def watched(stack: cdk.Stack) -> sqs.Queue:
    """Make a queue as CDK does: with a dead-letter queue, and 30 s of visibility."""
    failed = sqs.Queue(stack, "Failed", retention_period=cdk.Duration.days(14))
    return sqs.Queue(stack, "Jobs", dead_letter_queue=sqs.DeadLetterQueue(queue=failed, max_receive_count=5))


def rest(stack: cdk.Stack, **options: Any) -> HardenedRestApi:
    """Make a REST API for everyone."""
    return HardenedRestApi(stack, "Api", authorizer=Access.PUBLIC, **options)


def plan_without_keys(stack: cdk.Stack) -> None:
    """Throttle the keys of an API that asks for none."""
    api = rest(stack)
    api.get("/", make(stack))
    api.add_usage_plan("Gold", throttle=ThrottleSettings(rate_limit=5, burst_limit=10))
    synthesize(stack)


REFUSED: dict[str, list[tuple[Callable[[cdk.Stack], object], str]]] = {
    "1 function outlasts its gateway": [
        (lambda _: TimeoutBudget(gateway=10, init=2, function=60), "H1"),
        (lambda _: TimeoutBudget(gateway=10, init=5, function=9), "H2"),
    ],
    "2 gateway wait over its limit": [
        (
            lambda s: HardenedHttpApi(s, "Api", authorizer=Access.PUBLIC).get(
                "/", of(s, budget=TimeoutBudget(gateway=60, init=1))
            ),
            "up to 30 s: an HTTP API waits no longer",
        ),
    ],
    "6 provisioned concurrency scheduled to 0": [
        (
            lambda _: CapacitySchedule(name="Night", schedule=Schedule.cron(hour="22"), minimum=0),
            "minimum: got 0",
        ),
    ],
    "8 message handed out again while it is worked on": [
        (lambda s: QueueWorker(s, "Work", function=of(s), queue=watched(s)), r"visibility timeout .* \(H6\)"),
    ],
    "9 encrypted dead-letter queue that nobody may write to": [
        (
            lambda s: AsyncFailure(encryption_key=kms.Alias.from_alias_name(s, "Key", "alias/orders")),
            "a key on which nothing can be granted",
        ),
    ],
    "10 dead-letter queue of the wrong kind, or none": [
        (
            lambda s: QueueWorker(s, "Work", function=of(s, async_failure=AsyncFailure())),
            "async_failure, which no batch of a queue ever reaches",
        ),
        (
            lambda s: EventRule(s, "Placed", function=of(s), event_pattern=PLACED),
            "without async_failure: it is invoked asynchronously",
        ),
    ],
    "11 init counted wrongly": [
        (lambda _: TimeoutBudget(gateway=None, init=5, work=1, function=5), "H3"),
        (lambda s: of(s, budget=TimeoutBudget(gateway=None, init=20, work=1)), "H4"),
    ],
    "13 SDK defaults outlast the function": [
        (lambda _: TimeoutBudget(gateway=10, calls=[Call("shop", connect=60, read=60, attempts=3)]), "H3"),
    ],
    "15 two limits that contradict each other": [
        (lambda s: of(s, snap_start=True, provisioned=ProvisionedConcurrency()), "SnapStart together with"),
        (
            lambda s: of(s, provisioned=ProvisionedConcurrency(maximum=5), reserved_concurrent_executions=2),
            "2, below the 5 environments",
        ),
        (
            lambda s: QueueWorker(
                s, "Work", function=of(s, reserved_concurrent_executions=5), maximum_concurrency=10
            ),
            "10 at once, over the 5 that 'Ship' reserves",
        ),
    ],
    "17 cache shared between callers": [
        (lambda s: rest(s).post("/", make(s), cache=CachePolicy(60)), "got a cache on POST"),
    ],
    "18 throttle without effect": [(plan_without_keys, "no route with api_key_required=True")],
    "26 request schema that no gateway takes": [
        (
            lambda s: rest(s).post("/", make(s), body={"type": "objekt"}),
            "body schema at .*JSON schema draft 4",
        ),
    ],
    "34 warmer of the wrong qualifier": [
        (
            lambda s: WarmSchedule(s, "Warm", function=make(s, provisioned=ProvisionedConcurrency())),
            "with provisioned concurrency",
        ),
    ],
}
"""The code that would write a pain, and a part of what is raised."""


def properties(template: Template, kind: str) -> dict[str, Any]:
    """Give the properties of the only resource of a type."""
    found: dict[str, Any] = only(template, kind)["Properties"]
    return found


def version_of(memory: int) -> str:
    """Give the logical id of the version of a function with so much memory."""
    stack = cdk.Stack(cdk.App(), "Shop")
    make(stack, memory_size=memory)
    (found,) = of_type(synthesize(stack), "AWS::Lambda::Version")
    return found


def budget(template: Template) -> dict[str, Any]:
    """Give the numbers that the only function reads at run time."""
    variables = properties(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    found: dict[str, Any] = json.loads(variables["TIMEOUT_BUDGET"])
    return found


def answered_later(stack: cdk.Stack) -> None:
    """Do work that takes longer than any gateway waits."""
    code, waits = cdk.aws_lambda.Code.from_inline("..."), TimeoutBudget(gateway=None, init=2, work=600)
    job = JobFunction(stack, "Job", code=code, handler="index.make", budget=waits)
    AsyncApi(stack, "Reports", api=rest(stack), path="/reports", job=job)


def functions_elsewhere(stack: cdk.Stack) -> None:
    """Put API and function into two stacks."""
    place = cdk.Environment(account=stack.account, region=stack.region)
    back = cdk.Stack(cdk.App.of(stack) or stack, "Back", env=place)
    rest(stack).get("/", make(back, provisioned=ProvisionedConcurrency()))


def many_routes(stack: cdk.Stack) -> None:
    """Give one function more routes than its policy could name."""
    api, function = rest(stack), make(stack)
    for number in range(40):
        api.get(f"/{number}", function)


MADE: dict[str, tuple[Callable[[cdk.Stack], object], Callable[[Template], bool]]] = {
    "3 warm capacity nobody invokes": (
        lambda s: QueueWorker(s, "Work", function=of(s, provisioned=ProvisionedConcurrency())),
        lambda t: "Alias" in json.dumps(properties(t, "AWS::Lambda::EventSourceMapping")["FunctionName"]),
    ),
    "4 provisioned concurrency on a version": (
        lambda s: make(s, provisioned=ProvisionedConcurrency()),
        lambda t: (
            "ProvisionedConcurrencyConfig" in properties(t, "AWS::Lambda::Alias")
            and "ProvisionedConcurrencyConfig" not in properties(t, "AWS::Lambda::Version")
        ),
    ),
    "5 alias stays behind a change of configuration": (make, lambda _: version_of(1024) != version_of(2048)),
    "12 idempotency record that ends before the function": (
        make,
        lambda t: budget(t)["in_progress"] > budget(t)["function"],
    ),
    "16 cache that stays on": (
        lambda s: rest(s).get("/", make(s)),
        lambda t: properties(t, "AWS::ApiGateway::Stage")["CacheClusterEnabled"] is False,
    ),
    "21 function policy over 20 KB": (
        many_routes,
        lambda t: len(of_type(t, "AWS::Lambda::Permission")) * 600 < 20_480,
    ),
    "22 API and functions in two stacks": (
        functions_elsewhere,
        lambda t: bool(of_type(t, "AWS::ApiGateway::Method")),
    ),
    "25 errors without CORS": (
        lambda s: rest(s, cors=CorsOptions(allow_origins=["https://shop.example"])).get("/", make(s)),
        lambda t: all(
            "gatewayresponse.header.Access-Control-Allow-Origin" in each["Properties"]["ResponseParameters"]
            for each in of_type(t, "AWS::ApiGateway::GatewayResponse").values()
        ),
    ),
    "34 warmer of the wrong qualifier": (
        lambda s: WarmSchedule(s, "Warm", function=make(s)),
        lambda t: (
            "Alias" in json.dumps(properties(t, "AWS::StepFunctions::StateMachine")["DefinitionString"])
        ),
    ),
    "35 custom resource for log retention": (
        make,
        lambda t: (
            "RetentionInDays" in properties(t, "AWS::Logs::LogGroup")
            and not of_type(t, "Custom::LogRetention")
        ),
    ),
    "36 old versions that pile up": (
        make,
        lambda t: only(t, "AWS::Lambda::Version").get("DeletionPolicy") != "Retain",
    ),
    "39 tracing by an SDK that ends": (
        make,
        lambda t: properties(t, "AWS::Lambda::Function")["TracingConfig"] == {"Mode": "Active"},
    ),
    "+ long work behind a gateway": (
        answered_later,
        lambda t: bool(of_type(t, "AWS::Lambda::EventSourceMapping")),
    ),
}
"""What is asked for, and what of the template shows that the pain is not in it."""


@pytest.mark.parametrize("pain", REFUSED)
def test_it_cannot_be_written(pain: str) -> None:
    """What is raised names the contradiction."""
    for number, (write, message) in enumerate(REFUSED[pain]):
        stack = cdk.Stack(cdk.App(), f"Shop{number}")
        with pytest.raises((ConstructsLibError, RuntimeError), match=message):
            write(stack)


@pytest.mark.parametrize("pain", MADE)
def test_it_comes_out_right(stack: cdk.Stack, pain: str) -> None:
    """Nothing has to be asked for, and nothing can be forgotten."""
    write, is_right = MADE[pain]
    write(stack)
    assert is_right(synthesize(stack))


@pytest.mark.parametrize("pain", RULES)
def test_a_rule_finds_it(pain: str) -> None:
    """In templates that are not of this library too; each rule shows a template in which it does."""
    rules = {rule.id: rule for rule in ALL}
    assert all(rules[name].bad for name in RULES[pain] if not name.startswith("V"))


def test_no_pain_is_told_of_twice() -> None:
    """What can still be written is in none of the other lists."""
    assert set(NOT_YET).isdisjoint({*RULES, *REFUSED, *MADE})
