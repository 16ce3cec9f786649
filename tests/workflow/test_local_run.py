"""A chunked workflow on the local AWS: killed workers, poison, a stopped execution; counts show what happened."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_

from constructs_lib import Access, HardenedFunction, HardenedRestApi, TimeoutBudget
from constructs_lib.local import Deployment, LocalAws, deploy
from constructs_lib.workflow import ChunkedWorkflow, ExpressWorkflow, TaskRetries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.local

HANDLERS = Path(__file__).with_name("ledger_handlers.py")
ITEMS = 120
BATCH = 10
POISON, KILL = "item-107", "item-033"
STEP = TimeoutBudget(gateway=None, init=1, function=3)
LONGEST = 120.0  # seconds to wait for what takes a few


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    """Give a local AWS that is up."""
    with LocalAws.start() as local:
        yield local


@pytest.fixture(scope="module")
def deployment(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Deploy both kinds of workflow."""
    directory = tmp_path_factory.mktemp("app") / "cdk.out"
    app = cdk.App(outdir=str(directory), analytics_reporting=False)
    stack = cdk.Stack(app, "Ledger")
    table = dynamodb.Table(
        stack,
        "Ledger",
        partition_key=dynamodb.Attribute(name="item", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
    )
    functions = {}
    for name in ("list_items", "work", "finalize", "reserve", "charge"):
        functions[name] = HardenedFunction(
            stack,
            name.title().replace("_", ""),
            code=lambda_.Code.from_inline(HANDLERS.read_text()),
            handler=f"index.{name}",
            budget=STEP if name in {"reserve", "charge"} else TimeoutBudget(gateway=None, init=1, function=5),
            environment={"LEDGER": table.table_name},
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        table.grant_read_write_data(functions[name].alias)
    workflow = ChunkedWorkflow(
        stack,
        "Post",
        list_items=functions["list_items"],
        worker=functions["work"],
        finalize=functions["finalize"],
        batch_size=BATCH,
        max_concurrency=3,
        retries=TaskRetries(transient=2, died=2, interval=1, longest=2),
        timeout=600,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    checkout = ExpressWorkflow(
        stack,
        "Checkout",
        steps=[functions["reserve"], functions["charge"]],
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    api = HardenedRestApi(stack, "Api", authorizer=Access.PUBLIC, removal_policy=cdk.RemovalPolicy.DESTROY)
    api.post("/orders/{id}/checkout", checkout, query=["coupon"])
    for name, value in (
        ("ApiUrl", api.url),
        ("Machine", workflow.state_machine.state_machine_arn),
        ("Failures", workflow.failure_queue.queue_url),
        ("Table", table.table_name),
        ("Bucket", workflow.bucket.bucket_name),
    ):
        cdk.CfnOutput(stack, name, value=value)
    app.synth()
    return deploy(local, directory)


@pytest.fixture(scope="module")
def outputs(deployment: Deployment) -> dict[str, str]:
    """Give the stack's outputs."""
    return dict(deployment.outputs["Ledger"])


class Ledger:
    """What the handlers counted, and the executions of the workflow."""

    def __init__(self, local: LocalAws, outputs: dict[str, str]) -> None:
        self._states, self._outputs, self._local = local.client("stepfunctions"), outputs, local

    def start(self, run: str, **orders: Any) -> str:
        """Start an execution of a run."""
        orders = {"run": run, "items": ITEMS, **orders}
        answer = self._states.start_execution(
            stateMachineArn=self._outputs["Machine"], input=json.dumps(orders)
        )
        return str(answer["executionArn"])

    def end(self, execution: str) -> dict[str, Any]:
        """Wait for the end of an execution, and describe it."""
        until(lambda: self._states.describe_execution(executionArn=execution)["status"] != "RUNNING")
        described: dict[str, Any] = self._states.describe_execution(executionArn=execution)
        return described

    def stop(self, execution: str) -> None:
        """Stop an execution where it stands."""
        self._states.stop_execution(executionArn=execution)

    def counts(self) -> dict[str, dict[str, int]]:
        """Give the counters of each item."""
        items: dict[str, dict[str, int]] = {}
        pages = self._local.client("dynamodb").get_paginator("scan")
        for page in pages.paginate(TableName=self._outputs["Table"]):
            for record in page["Items"]:
                counters = {name: int(value["N"]) for name, value in record.items() if name != "item"}
                items[record["item"]["S"]] = counters
        return items

    def mend(self) -> None:
        """Mend the worker, so that the poison item is none any more."""
        self._local.client("dynamodb").put_item(
            TableName=self._outputs["Table"], Item={"item": {"S": "#mended"}}
        )

    def objects(self, prefix: str) -> list[str]:
        """List the objects under a prefix of the workflow's bucket."""
        found = self._local.client("s3").list_objects_v2(Bucket=self._outputs["Bucket"], Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", [])]

    def failures(self) -> list[dict[str, Any]]:
        """Take what is in the failure queue."""
        sqs, url = self._local.client("sqs"), self._outputs["Failures"]
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]


def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + LONGEST
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def test_a_run_survives_a_kill_a_stop_and_a_poison_item(local: LocalAws, outputs: dict[str, str]) -> None:
    """Killed, stopped, resumed, mended and run again: each item is posted once, and the poison says why it was not."""
    ledger = Ledger(local, outputs)
    orders = {"poison": POISON, "kill": KILL, "pause": 0.05}

    # Stopped in the middle, after the worker was killed.
    first = ledger.start("night", **orders)
    until(lambda: ledger.counts().get("#kill", {}).get("seen", 0) >= 1)
    ledger.stop(first)
    assert ledger.end(first)["status"] == "ABORTED"

    # Resumed: goes on where it stopped, the poison batch fails, the others are done.
    second = ledger.end(ledger.start("night", **orders))
    assert second["status"] == "SUCCEEDED", second
    assert json.loads(second["output"])["batches"] == {"total": 12, "succeeded": 11, "failed": 1}
    counts = ledger.counts()
    names = [f"item-{index:03}" for index in range(ITEMS)]
    poisoned = names[107:110]
    assert [name for name in names if counts.get(name, {}).get("posted") != 1] == poisoned
    (failure,) = ledger.failures()
    assert (failure["run"], failure["batch"], failure["error"]) == ("night", "100+10", "ValueError")
    assert "item-107 is poison" in failure["cause"]
    assert [item["id"] for item in failure["items"]] == names[100:110]

    # Mended, and run again: only the failed batch is worked on.
    ledger.mend()
    third = ledger.end(ledger.start("night", **orders))
    assert json.loads(third["output"])["batches"] == {"total": 12, "succeeded": 12, "failed": 0}
    before, counts = counts, ledger.counts()
    assert {name: counts[name].get("posted") for name in names} == dict.fromkeys(names, 1)
    again = {name for name in names if counts[name] != before.get(name)}
    assert again <= set(names[100:110])
    assert counts["#list night"] == {"seen": 1}
    assert counts["#kill"]["seen"] >= 2  # once when it died, then when its batch was tried again
    assert counts["#total"] == {"posted": ITEMS, "failed": 0}

    # What the batches ended with is in S3: none of it passed through the state.
    manifests = ledger.objects("night/results/")
    assert len([key for key in manifests if key.endswith("manifest.json")]) == 2

    # A run that is done stays done.
    fourth = ledger.end(ledger.start("night", **orders))
    assert json.loads(fourth["output"])["status"] == "done"
    assert ledger.counts() == counts


def test_a_run_of_nothing_ends_at_once(local: LocalAws, outputs: dict[str, str]) -> None:
    """A night without items is no failure, and its run is done."""
    ledger = Ledger(local, outputs)
    empty = ledger.end(ledger.start("empty", items=0))
    assert (empty["status"], json.loads(empty["output"])["batches"]["total"]) == ("SUCCEEDED", 0)
    assert json.loads(ledger.end(ledger.start("empty", items=0))["output"])["status"] == "done"


def test_one_execution_at_a_time_works_on_a_run(local: LocalAws, outputs: dict[str, str]) -> None:
    """A second execution of a run that is being worked on fails, and says so."""
    ledger = Ledger(local, outputs)
    running = ledger.start("twice", pause=0.05, items=30)
    until(lambda: ledger.counts().get("#list twice", {}).get("seen", 0) >= 1)
    refused = ledger.end(ledger.start("twice"))
    assert (refused["status"], refused["error"]) == ("FAILED", "ChunkedWorkflow.AlreadyRunning")
    assert ledger.end(running)["status"] == "SUCCEEDED"


def checkout(deployment: Deployment, order: str, body: Any) -> tuple[int, Any]:
    """Send an order to the route that waits for the express workflow."""
    url = deployment.invoke_urls["Ledger.ApiUrl"] + f"/orders/{order}/checkout?coupon=it%27s%20%22half%22"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_route_answers_what_the_workflow_answers(deployment: Deployment) -> None:
    """Each step gets the answer of the one before; quotes and umlauts survive the event's two layers of JSON."""
    status, answer = checkout(deployment, "o-1", {"item": 'a "b" \\ c/d \u00fc', "price": 7})
    assert (status, answer) == (
        200,
        {"order": "o-1", "coupon": 'it\'s "half"', "item": 'a "b" \\ c/d \u00fc', "charged": 7},
    )


def test_a_failed_workflow_is_a_502_that_tells_nothing(deployment: Deployment) -> None:
    """StartSyncExecution answers 200 for a failed execution; the route does not."""
    status, answer = checkout(deployment, "o-2", {"item": "a", "price": -1})
    assert (status, answer["message"]) == (502, "Internal server error")
    assert "negative" not in json.dumps(answer)
