"""A hand-written app is deployed by the real CDK CLI, and behaves as it would in AWS."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from constructs_lib.errors import LocalAwsError
from constructs_lib.local import Deployment, LocalAws, deploy, processes
from tests.local.assemblies import ROLE, tiny_template, write_assembly

pytestmark = pytest.mark.local


class Answer(NamedTuple):
    """An HTTP answer, errors included."""

    status: int
    body: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the tiny app's assembly."""
    return write_assembly(tmp_path_factory.mktemp("app") / "cdk.out", tiny_template())


@pytest.fixture(scope="module")
def deployment(local: LocalAws, app: Path) -> Deployment:
    """Deploy the tiny app once."""
    return deploy(local, app)


def call(deployment: Deployment, path: str, data: dict[str, Any] | None = None) -> Answer:
    """Call a route of the tiny API."""
    url = deployment.invoke_urls["Tiny.ApiUrl"] + path
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return Answer(answer.status, answer.read().decode(), dict(answer.headers))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode(), dict(error.headers))


def test_route_reaches_version_behind_alias(deployment: Deployment) -> None:
    """A request runs the published version that the alias names."""
    answer = call(deployment, "/hello")
    assert (answer.status, json.loads(answer.body)) == (200, {"version": "1"})


def test_handler_reads_parameter_through_stand_in(deployment: Deployment) -> None:
    """A handler gets its parameter on the port in its environment, with the token in its environment."""
    assert call(deployment, "/config")[:2] == (200, "20")


def test_gateway_gives_up_and_function_lives_on(deployment: Deployment) -> None:
    """A function slower than TimeoutInMillis means 504 with the gateway response's headers; the next request works."""
    answer = call(deployment, "/slow")
    assert (answer.status, answer.body) == (504, '{"message":"Endpoint request timed out"}')
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert call(deployment, "/hello").status == 200


def test_failed_function_is_plain_502(deployment: Deployment) -> None:
    """A caller never sees the error of a function, only that there was one."""
    answer = call(deployment, "/broken")
    assert (answer.status, answer.body) == (502, '{"message":"Internal server error"}')
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_bad_body_is_refused_before_the_function(deployment: Deployment) -> None:
    """A body that does not fit the method's model is a 400; one that fits goes through."""
    assert call(deployment, "/hello", {"wrong": 1}).status == 400
    assert call(deployment, "/hello", {"item": 1}).status == 200


def dead_letter(local: LocalAws, deployment: Deployment) -> tuple[Any, str]:
    """Take the next dead letter: the event, and the error beside it."""
    queue, sqs = deployment.outputs["Tiny"]["DlqUrl"], local.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20, MessageAttributeNames=["All"])[
        "Messages"
    ]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"]), message["MessageAttributes"]["ErrorMessage"]["StringValue"]


def test_failed_event_arrives_in_the_dead_letter_queue(local: LocalAws, deployment: Deployment) -> None:
    """An event that an alias' function fails ends in the DLQ as Lambda sends it: the event, its error beside it."""
    event = {"fail": "out of stock"}
    local.client("lambda").invoke(
        FunctionName=deployment.outputs["Tiny"]["FunctionArn"],
        InvocationType="Event",
        Payload=json.dumps(event),
    )
    assert dead_letter(local, deployment) == (event, "out of stock")


def test_asynchronous_route_answers_before_the_function(local: LocalAws, deployment: Deployment) -> None:
    """A route that only queues its event answers 202, and the function gets what the mapping template makes."""
    why = 'it\'s "late"/\\ \u00fc'
    assert call(deployment, "/events", {"why": why})[:2] == (202, "")
    assert dead_letter(local, deployment) == ({"fail": why, "stage": "v1"}, why)


def test_stack_with_an_account_and_region_of_its_own(local: LocalAws, tmp_path: Path) -> None:
    """A stack goes where it says, and its functions read the parameters of that account and region."""
    template = tiny_template()
    template["Resources"]["Limit"]["Properties"]["Value"] = "77"
    place = "aws://123456789012/eu-west-1"
    elsewhere = deploy(local, write_assembly(tmp_path / "cdk.out", template, environment=place))
    assert call(elsewhere, "/config")[:2] == (200, "77")


def test_reserved_concurrency_is_kept(local: LocalAws, deployment: Deployment) -> None:
    """A function with none reserved for it is throttled, as its template says."""
    functions = local.client("lambda")
    with pytest.raises(functions.exceptions.TooManyRequestsException):
        functions.invoke(FunctionName=deployment.outputs["Tiny"]["Stopped"])


def processes_of(local: LocalAws) -> set[int]:
    """Return everything that runs for a local AWS: its two processes, handlers, and the CLI at work."""
    running = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return {pid for pid in running if processes.is_ours(pid, local.run_directory)}


@pytest.mark.usefixtures("deployment")
def test_inline_code_is_called_index(local: LocalAws) -> None:
    """A handler of another name is not found, as in AWS; nor is one that a layer stands around lost."""
    answer = local.client("lambda").invoke(FunctionName="misnamed", Payload=b'{"path": "/hello"}')
    assert "FunctionError" in answer
    assert "orders" in json.load(answer["Payload"])["errorMessage"]


def test_interrupted_deployment_leaves_no_cli(local: LocalAws, app: Path) -> None:
    """An interrupt while the CLI runs ends the CLI; the local AWS goes on."""

    def interrupt(message: str) -> None:
        if "AWS::" in message:
            raise KeyboardInterrupt

    changed, before = tiny_template(), processes_of(local)
    changed["Resources"]["Limit"]["Properties"]["Value"] = "40"
    with pytest.raises(KeyboardInterrupt):
        deploy(local, write_assembly(app.parent / "interrupted", changed), progress=interrupt)
    assert processes_of(local) <= before
    assert local.alive


def test_urls_of_stages_are_made_local(local: LocalAws, deployment: Deployment) -> None:
    """Every output that is a stage's URL has a local one; an output that only looks like it has none."""
    (name,) = deployment.invoke_urls
    assert name == "Tiny.ApiUrl"
    assert deployment.invoke_urls[name].startswith(local.endpoint)


def test_changes_are_told(deployment: Deployment) -> None:
    """What the local profile did to the app is part of the result."""
    changed = {change.logical_id for change in deployment.changes["Tiny.template.json"]}
    assert changed == {"Scaling", "Function"}


@pytest.mark.usefixtures("deployment")
def test_second_deploy_brings_the_change(local: LocalAws, tmp_path: Path) -> None:
    """A changed template is deployed, not the one of before that bears the same name."""
    template = tiny_template()
    template["Resources"]["Limit"]["Properties"]["Value"] = "30"
    deploy(local, write_assembly(tmp_path / "cdk.out", template))
    assert local.client("ssm").get_parameter(Name="/tiny/limit")["Parameter"]["Value"] == "30"


def test_reason_of_a_failed_resource_is_the_error(local: LocalAws, tmp_path: Path) -> None:
    """A deployment that fails says which resource it was, and why."""
    lost = {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {"FunctionName": "ghost", "Qualifier": "live"},
    }
    template = {"Resources": {"Role": ROLE, "Lost": lost}}
    with pytest.raises(LocalAwsError, match=r"Broken: Lost \(AWS::Lambda::EventInvokeConfig\): .*not found"):
        deploy(local, write_assembly(tmp_path / "cdk.out", template, stack="Broken"))


def test_unknown_type_is_named(local: LocalAws, tmp_path: Path) -> None:
    """A resource type that neither the local AWS nor the profile knows is named in the error."""
    template = {"Resources": {"Odd": {"Type": "AWS::NoSuch::Thing", "Properties": {}}}}
    with pytest.raises(LocalAwsError, match=r"AWS::NoSuch::Thing"):
        deploy(local, write_assembly(tmp_path / "cdk.out", template, stack="Odd"))


def test_directory_without_app_is_refused(local: LocalAws, tmp_path: Path) -> None:
    """A directory that holds no CDK app is named, with what would be one."""
    with pytest.raises(LocalAwsError, match=r"got neither cdk\.json nor manifest\.json"):
        deploy(local, tmp_path)


def test_failed_synthesis_shows_what_the_app_said(local: LocalAws, tmp_path: Path) -> None:
    """The words of an app that does not synthesize are in the error."""
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "echo 'budget: 31 s > 29 s' >&2; exit 1"}))
    with pytest.raises(LocalAwsError, match=r"(?s)cdk synth failed:.*budget: 31 s > 29 s"):
        deploy(local, tmp_path)


def test_two_accounts_are_refused(local: LocalAws, tmp_path: Path) -> None:
    """An app for two accounts is refused with both named."""
    first = write_assembly(
        tmp_path / "cdk.out", {"Resources": {}}, stack="A", environment="aws://111111111111/us-east-1"
    )
    manifest = json.loads((first / "manifest.json").read_text())
    write_assembly(
        tmp_path / "cdk.out", {"Resources": {}}, stack="B", environment="aws://222222222222/us-east-1"
    )
    merged = json.loads((first / "manifest.json").read_text())
    merged["artifacts"] |= manifest["artifacts"]
    (first / "manifest.json").write_text(json.dumps(merged))
    with pytest.raises(LocalAwsError, match="111111111111, 222222222222"):
        deploy(local, first)
