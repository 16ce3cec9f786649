"""AsyncApi and JobFunction: what they make, what they promise, what they refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigateway import CorsOptions

from constructs_lib import (
    Access,
    AsyncApi,
    AsyncFailure,
    HardenedRestApi,
    JobFunction,
    RefusedError,
    TimeoutBudget,
    assert_policy,
)
from constructs_lib.api.async_api_job import HANDLERS
from constructs_lib.compute.runtime_bundle import with_runtime
from tests.api.apis import function, methods
from tests.scanners import failed_checks, lint_findings, nag_findings
from tests.snapshots import resources
from tests.synth import new_stack, of_type, only, synthesize, template_text

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

    from tests.snapshots import Template

BUDGET = TimeoutBudget(gateway=None, init=2, work=60)
MONTH = {"type": "object", "required": ["month"]}


def job(stack: cdk.Stack, construct_id: str = "Report", **options: Any) -> JobFunction:
    """Make a job of inline code."""
    defaults: dict[str, Any] = {
        "code": lambda_.Code.from_inline("def make(request, context): return {}"),
        "handler": "index.make",
        "budget": BUDGET,
    }
    return JobFunction(stack, construct_id, **(defaults | options))


def reports(stack: cdk.Stack, construct_id: str = "Reports", *, cors: Any = None, **options: Any) -> AsyncApi:
    """Make an asynchronous API, on an API and a job of its own unless others are given."""
    api = options.pop("api", None) or HardenedRestApi(stack, "Api", authorizer=Access.IAM, cors=cors)
    defaults: dict[str, Any] = {"path": "/reports", "job": options.pop("job", None) or job(stack)}
    return AsyncApi(stack, construct_id, api=api, **(defaults | options))


def variables(template: Template, name: str) -> dict[str, Any]:
    """Give the environment of the function whose logical id begins so."""
    (found,) = [f for key, f in of_type(template, "AWS::Lambda::Function").items() if key.startswith(name)]
    environment: dict[str, Any] = found["Properties"]["Environment"]["Variables"]
    return environment


def rights(template: Template, name: str) -> set[str]:
    """Give the actions that the role of a function may take, but for its logs and traces."""
    (policy,) = [p for key, p in of_type(template, "AWS::IAM::Policy").items() if key.startswith(name)]
    actions: set[str] = set()
    for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
        found = statement["Action"]
        actions |= {found} if isinstance(found, str) else set(found)
    return {action for action in actions if not action.startswith(("logs:", "xray:"))}


def test_the_records_and_what_hands_jobs_over(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """A table with expiry and backups, and a mapping that hands over one job at a time."""
    reports(stack, maximum_concurrency=10)
    assert resources(synthesize(stack), "AWS::DynamoDB::Table", "AWS::Lambda::EventSourceMapping") == snapshot


def test_two_routes_and_what_they_check(stack: cdk.Stack) -> None:
    """POST needs the token and takes the schema, GET is one level below; both are authorized as the API is."""
    reports(stack, body=MONTH)
    found = methods(synthesize(stack))
    post, get = found["POST /reports"], found["GET /reports/{job_id}"]
    assert post["RequestParameters"]["method.request.header.Idempotency-Key"] is True
    assert "RequestModels" in post
    assert "RequestModels" not in get
    assert post["AuthorizationType"] == get["AuthorizationType"] == "AWS_IAM"


def test_both_routes_answer_to_the_same_callers(stack: cdk.Stack) -> None:
    """Who may send a job may ask for it."""
    reports(stack, authorizer=Access.PUBLIC, api_key_required=True)
    found = methods(synthesize(stack))
    assert {(each["AuthorizationType"], each["ApiKeyRequired"]) for each in found.values()} == {
        ("NONE", True)
    }


def test_each_function_may_do_its_part_and_no_more(stack: cdk.Stack) -> None:
    """Asking for a status cannot change it, and a job cannot send jobs."""
    reports(stack)
    template = synthesize(stack)
    table = {f"dynamodb:{action}Item" for action in ("Get", "Put", "Update")}
    queue = {"sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"}
    assert rights(template, "ReportsAccept") == table | queue
    assert rights(template, "ReportsStatus") == {"dynamodb:GetItem"}
    assert rights(template, "ReportRole") == {
        *("dynamodb:GetItem", "dynamodb:UpdateItem", "sqs:SendMessage"),
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
        *("sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
    }


def test_the_handlers_know_the_same_numbers(stack: cdk.Stack) -> None:
    """Attempts, waiting time and expiry are those of the queue and of the construct."""
    reports(stack, max_receive_count=7, retention=cdk.Duration.days(2), result_lifetime=cdk.Duration.hours(1))
    template = synthesize(stack)
    status, work = variables(template, "ReportsStatus"), variables(template, "ReportFunction")
    for name, value in (("MAX_ATTEMPTS", "7"), ("JOB_LIFETIME", "172800"), ("RESULT_LIFETIME", "3600")):
        assert status[name] == work[name] == value
    queue = next(
        q["Properties"]
        for q in of_type(template, "AWS::SQS::Queue").values()
        if "QueueName" in q["Properties"]
    )
    assert (queue["RedrivePolicy"]["maxReceiveCount"], queue["MessageRetentionPeriod"]) == (7, 172_800)


def test_a_claim_outlasts_the_function_and_ends_before_its_message_comes_back(stack: cdk.Stack) -> None:
    """H9 on the one side, H6 on the other: else two work at once, or an attempt is wasted."""
    budget = reports(stack).job.budget
    carried = json.loads(variables(synthesize(stack), "ReportFunction")["TIMEOUT_BUDGET"])
    assert budget.function < carried["in_progress"] < budget.visibility


def test_the_layer_stands_around_the_handler(stack: cdk.Stack) -> None:
    """Lambda calls the layer, which calls the job; two jobs of a stack share it."""
    job(stack, "One")
    job(stack, "Two")
    template = synthesize(stack)
    for properties in (each["Properties"] for each in of_type(template, "AWS::Lambda::Function").values()):
        assert properties["Handler"] == "async_jobs.work.handler"
        assert properties["Environment"]["Variables"]["JOB_HANDLER"] == "index.make"
        assert len(properties["Layers"]) == 1
    assert only(template, "AWS::Lambda::LayerVersion")


def test_the_layer_holds_what_the_handlers_import() -> None:
    """Python looks for a layer's modules under python/, and for the other functions' in the same folder."""
    layer = with_runtime(HANDLERS, below="python") / "python"
    modules = {path.name for path in (layer / "async_jobs").glob("*.py")}
    assert {"__init__.py", "accept.py", "status.py", "work.py", "records.py"} <= modules
    assert (layer / "constructs_lib" / "runtime" / "deadline.py").exists()


def test_the_jobs_budget_has_room_for_its_record(stack: cdk.Stack) -> None:
    """Claim, end and burial come on top of the work that was given."""
    assert (job(stack).budget.work, job(stack, "Other").budget.function) == (72, 75)


def test_cors_reaches_the_answers(stack: cdk.Stack) -> None:
    """A browser's page reads the status and where it is."""
    reports(
        stack, cors=CorsOptions(allow_origins=["https://shop.example"], allow_headers=["idempotency-key"])
    )
    carried = variables(synthesize(stack), "ReportsStatus")["CORS"]
    assert json.loads(carried) == {"origins": ["https://shop.example"], "credentials": False}


def test_a_preflight_that_stops_the_token_is_refused(stack: cdk.Stack) -> None:
    """CDK's default headers do, and every POST of a browser would fail before it is sent."""
    with pytest.raises(
        RefusedError, match=r"cors that lets browsers send no Idempotency-Key; .* fix: CorsOptions"
    ):
        reports(stack, cors=CorsOptions(allow_origins=["https://shop.example"]))


def test_two_asynchronous_apis_on_one_rest_api(stack: cdk.Stack) -> None:
    """Each has its routes, records and queue."""
    api = HardenedRestApi(stack, "Api", authorizer=Access.IAM)
    reports(stack, api=api)
    reports(stack, "Exports", api=api, path="/exports", job=job(stack, "Export"))
    assert len(methods(synthesize(stack))) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stream": True}, "stream: got stream on routes that answer at once"),
        ({"asynchronous": True}, "asynchronous: got asynchronous on routes"),
        ({"result_lifetime": 59}, "result_lifetime: got 59 s; allowed: whole seconds from 60"),
        ({"retention": cdk.Duration.days(14)}, "retention: got 14 days"),
        ({"max_receive_count": 1}, "max_receive_count: got 1"),
        ({"path": "reports"}, "path: got 'reports'; allowed: a path that starts with /"),
        ({"required_headers": ["Idempotency-Key"]}, "'Idempotency-Key' twice"),
        ({"quary": ["x"]}, "options: got 'quary', which no route has"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_what_no_asynchronous_api_can_be_is_refused(
    stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    """Also what its parts refuse; nothing of it is left behind."""
    with pytest.raises(RefusedError, match=message):
        reports(stack, **options)
    assert stack.node.try_find_child("Reports") is None


def test_a_plain_function_is_no_job(stack: cdk.Stack) -> None:
    """Nobody would write down how its jobs end."""
    with pytest.raises(RefusedError, match="job: got HardenedFunction; allowed: a JobFunction"):
        reports(stack, job=function(stack))


def test_a_job_serves_one_api(stack: cdk.Stack) -> None:
    """Its records are in one table."""
    api = HardenedRestApi(stack, "Api", authorizer=Access.IAM)
    shared = job(stack)
    reports(stack, api=api, job=shared)
    with pytest.raises(RefusedError, match="'Report', which does the jobs of /reports already"):
        reports(stack, "Exports", api=api, path="/exports", job=shared)


def test_a_refused_status_route_leaves_no_other_route(stack: cdk.Stack) -> None:
    """Both routes are proven before the first is made, as an API keeps what it was given."""
    api = HardenedRestApi(stack, "Api", authorizer=Access.IAM)
    api.get("/reports/{job_id}", function(stack, "Other"))
    with pytest.raises(RefusedError, match=r"GET /reports/\{job_id\}: route: got it a second time"):
        reports(stack, api=api)
    assert set(methods(synthesize(stack))) == {"GET /reports/{job_id}"}


def test_a_job_of_another_stack_is_refused(stack: cdk.Stack) -> None:
    """CloudFormation could deploy neither stack before the other."""
    other = cdk.Stack(cdk.App.of(stack) or stack, "Other")
    with pytest.raises(RefusedError, match="got 'Report' of another stack"):
        reports(stack, job=job(other))


def test_the_rest_api_may_be_in_another_stack(stack: cdk.Stack) -> None:
    """The API knows the functions, and they do not know the API: the back deploys first, without a cycle."""
    app = cdk.App.of(stack)
    assert isinstance(app, cdk.App)
    front = cdk.Stack(app, "Front", env=cdk.Environment(account=stack.account, region=stack.region))
    reports(stack, api=HardenedRestApi(front, "Api", authorizer=Access.IAM))
    app.synth()
    assert [each.stack_name for each in front.dependencies] == [stack.stack_name]
    assert stack.dependencies == []


def test_a_job_that_somebody_waits_for_is_refused(stack: cdk.Stack) -> None:
    """The caller has its 202 long since."""
    with pytest.raises(RefusedError, match="got gateway=29, though nobody waits for a job"):
        job(stack, budget=TimeoutBudget())
    assert stack.node.children == []


def test_a_refused_job_leaves_no_layer(stack: cdk.Stack) -> None:
    """Nothing half-done stays in the stack."""
    with pytest.raises(RefusedError, match="memory_size"):
        job(stack, memory_size=1)
    assert stack.node.children == []


def test_a_job_with_a_useless_failure_path_is_refused(stack: cdk.Stack) -> None:
    """A queue invokes it, and its failures end in the queue's own dead-letter queue."""
    with pytest.raises(RefusedError, match="with async_failure, which no batch of a queue ever reaches"):
        reports(stack, job=job(stack, async_failure=AsyncFailure()))


@pytest.mark.parametrize("region", ["eu-west-1", None], ids=["region known", "region open"])
def test_it_passes_cfn_lint(region: str | None) -> None:
    """No finding on any resource that the construct makes."""
    stack = new_stack(region=region)
    reports(stack, body=MONTH)
    assert lint_findings(stack) == []


def test_the_policy_finds_nothing(stack: cdk.Stack) -> None:
    """Not even a warning."""
    reports(stack, body=MONTH)
    assert_policy(stack, strict=True)


_SYNCHRONOUS = "API Gateway or a queue waits for its answer: what fails goes back to them"
NAG = {
    "AwsSolutions-IAM5[Resource::*]": "X-Ray's actions know no resources",
    "Serverless-LambdaDLQ": _SYNCHRONOUS,
    "Serverless-LambdaEventSourceMappingDestination": "what a queue's reader fails on goes back to the queue",
    "Serverless-SQSRedrivePolicy": "a dead-letter queue needs no other one",
}


def test_nag_finds_what_is_waived_with_a_reason_and_nothing_else(tmp_path: Path) -> None:
    """AwsSolutions and Serverless, on the construct and its job."""
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    reports(cdk.Stack(app, "Test"), body=MONTH)
    found = {rule for rule, path in nag_findings(app) if path.startswith(("Test/Reports/", "Test/Report/"))}
    assert found == set(NAG)


_AWS_KEY = "encrypted with a key that AWS manages; a customer key has its price per month and call"
CHECKOV = {
    "CKV_AWS_27": f"{_AWS_KEY}; checkov does not see SqsManagedSseEnabled",
    "CKV_AWS_115": "reserved concurrency is taken from all other functions of the account",
    "CKV_AWS_116": _SYNCHRONOUS,
    "CKV_AWS_117": "it calls DynamoDB and SQS only; a VPC would add a network to reach them",
    "CKV_AWS_119": _AWS_KEY,
    "CKV_AWS_158": f"{_AWS_KEY}; no secret is logged",
    "CKV_AWS_173": f"{_AWS_KEY}; variables hold names and numbers, no secret",
}


def test_checkov_finds_what_is_waived_with_a_reason_and_nothing_else(tmp_path: Path) -> None:
    """On the construct and its job; checkov has an environment of its own, and takes long to start."""
    stack = new_stack()
    reports(stack, body=MONTH)
    (tmp_path / "template.json").write_text(template_text(stack))
    assert {check for check, resource in failed_checks(tmp_path) if resource.startswith("Report")} == set(
        CHECKOV
    )
