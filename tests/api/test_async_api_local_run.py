"""An asynchronous API on the local AWS: real requests and messages, killed workers and poison; counts show what happened."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_apigateway import ThrottleSettings

from constructs_lib import Access, AsyncApi, HardenedRestApi, JobFunction, TimeoutBudget
from constructs_lib.local import LocalAws, deploy

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.local

JOB = Path(__file__).with_name("report_job")
JOBS = 24
LONGEST = 600.0  # seconds to wait for what takes about two minutes: five attempts, a visibility timeout apart


def behaviour(number: int) -> str:
    """Say what a job does: one always fails, one is refused, and a few die on their first attempt."""
    return {7: "fail", 11: "refuse"}.get(number, "die once" if number % 10 == 3 else "work")


class Outcome(NamedTuple):
    """What the run left behind."""

    ids: dict[int, set[str]]
    statuses: dict[int, dict[str, Any]]
    effects: dict[int, int]
    buried: list[Any]
    waiting: int


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    """Give a local AWS that is up."""
    with LocalAws.start() as local:
        yield local


@pytest.fixture(scope="module")
def outcome(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Deploy, send every job twice, wait until all have ended, and count."""
    directory = tmp_path_factory.mktemp("app") / "cdk.out"
    app = cdk.App(outdir=str(directory), analytics_reporting=False)
    reports_stack(app)
    app.synth()
    deployed = deploy(local, directory)
    outputs = deployed.outputs["Reports"]
    url = deployed.invoke_urls["Reports.Url"].rstrip("/") + "/reports"
    ids = {number: {send(url, number) for _ in range(2)} for number in range(JOBS)}
    waiting, statuses = {number: next(iter(found)) for number, found in ids.items()}, {}
    end = time.monotonic() + LONGEST
    while waiting:
        assert time.monotonic() < end, f"still waiting for {waiting}"
        time.sleep(2)
        for number, job in list(waiting.items()):
            _, status = call("GET", f"{url}/{job}")
            if status.get("status") in {"done", "failed"}:
                statuses[number] = status
                del waiting[number]
    return count(local, outputs, ids, statuses)


def reports_stack(app: cdk.App) -> None:
    """Make the stack, as an application does."""
    stack = cdk.Stack(app, "Reports")
    gone = cdk.RemovalPolicy.DESTROY
    effects = dynamodb.Table(
        stack,
        "Effects",
        partition_key=dynamodb.Attribute(name="number", type=dynamodb.AttributeType.NUMBER),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        removal_policy=gone,
    )
    job = JobFunction(
        stack,
        "Report",
        code=JOB,
        handler="jobs.make",
        budget=TimeoutBudget(gateway=None, init=1, work=1),
        environment={"EFFECTS": effects.table_name},
        removal_policy=gone,
    )
    effects.grant(job.alias, "dynamodb:UpdateItem")
    api = HardenedRestApi(
        stack,
        "Api",
        authorizer=Access.PUBLIC,
        throttle=ThrottleSettings(rate_limit=1_000, burst_limit=1_000),
        removal_policy=gone,
    )
    reports = AsyncApi(
        stack, "Jobs", api=api, path="/reports", job=job, maximum_concurrency=4, removal_policy=gone
    )
    # Just longer than a claim instead of six times the timeout: the run is about what happens, not about how late.
    queue = reports.worker.queue.node.default_child
    assert isinstance(queue, sqs.CfnQueue)
    queue.visibility_timeout = job.budget.in_progress + 1
    failures = reports.worker.dead_letter_queue
    assert failures is not None
    for name, value in {
        "Url": api.url,
        "Queue": reports.worker.queue.queue_url,
        "Failures": failures.queue_url,
        "EffectsTable": effects.table_name,
    }.items():
        cdk.CfnOutput(stack, name, value=value)


def send(url: str, number: int) -> str:
    """Send a job as a careful client does, again and again until it is accepted, and give its id."""
    body = {"number": number, "behaviour": behaviour(number)}
    while True:
        code, answer = call("POST", url, body, {"Idempotency-Key": f"report-{number}"})
        if code == 202:
            job: str = answer["id"]
            return job
        assert code in {429, 502, 503, 504}, answer


def call(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Make a request, and give the status code and the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, {"Content-Type": "application/json", **(headers or {})}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


def count(
    local: LocalAws, outputs: Any, ids: dict[int, set[str]], statuses: dict[int, dict[str, Any]]
) -> Outcome:
    """Read what the jobs did, and what is in the two queues."""
    where: dict[str, Any] = {
        "endpoint_url": local.endpoint,
        "region_name": local.region,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
    items = boto3.resource("dynamodb", **where).Table(outputs["EffectsTable"]).scan()["Items"]
    queues = boto3.client("sqs", **where)
    buried: list[Any] = []
    while found := queues.receive_message(
        QueueUrl=outputs["Failures"], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        buried += found
    left = queues.get_queue_attributes(
        QueueUrl=outputs["Queue"],
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    effects = {int(str(item["number"])): int(str(item["times"])) for item in items}
    return Outcome(ids, statuses, effects, buried, sum(map(int, left.values())))


def test_every_job_has_one_id_and_ends_as_it_should(outcome: Outcome) -> None:
    """Sent twice, each is one job; all are done but the one that fails and the one that is refused."""
    assert {len(found) for found in outcome.ids.values()} == {1}
    assert Counter(each["status"] for each in outcome.statuses.values()) == {"done": JOBS - 2, "failed": 2}


def test_nothing_is_lost_and_nothing_done_twice(outcome: Outcome) -> None:
    """Each job that is done happened once, also where its first worker was killed."""
    assert outcome.effects == {n: 1 for n in range(JOBS) if behaviour(n) in {"work", "die once"}}
    died = [outcome.statuses[n]["result"]["attempt"] for n in range(JOBS) if behaviour(n) == "die once"]
    assert min(died) >= 2


def test_poison_ends_with_its_error(outcome: Outcome) -> None:
    """Both failed jobs are in the dead-letter queue, once and with their error, and no message is left over."""
    errors = sorted(each["MessageAttributes"]["ErrorMessage"]["StringValue"] for each in outcome.buried)
    assert errors == ["PermanentError: there is no such month", "ValueError: no report can be made of this"]
    assert outcome.waiting == 0


def test_the_caller_reads_what_was_meant_for_it(outcome: Outcome) -> None:
    """A permanent error's text, and of any other only that the job failed."""
    assert outcome.statuses[11]["error"] == {"message": "there is no such month"}
    assert outcome.statuses[7]["error"] == {"message": "failed after 5 attempts"}
