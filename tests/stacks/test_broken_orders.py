"""The reference app, broken as an escape hatch breaks it: ``cdk synth`` fails, and says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from constructs_lib.local.toolchain import find_toolchain

ROOT = Path(__file__).parents[2]
BROKEN_APP = """
import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from app import add_orders
from constructs_lib import ConstructsLibPolicy

app = cdk.App()
cdk.Validations.of(app).add_plugins(ConstructsLibPolicy())
stack = add_orders(app)
for child in stack.node.find_all():
    if isinstance(child, lambda_.CfnFunction) and "/ReadOrders/" in child.node.path:
        child.timeout = 60  # "reports take longer"
    if isinstance(child, apigateway.CfnMethod) and child.node.path.endswith("/orders/POST/Resource"):
        child.add_property_override("Integration.TimeoutInMillis", 3000)  # "fail fast"
jobs = sqs.Queue(stack, "Jobs", visibility_timeout=cdk.Duration.seconds(10))
lambda_.CfnEventSourceMapping(
    stack, "ReadJobs", function_name=stack.notify_customer.alias.function_arn, event_source_arn=jobs.queue_arn
)
app.synth()
"""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Synthesize the broken app with the real CDK CLI."""
    folder = tmp_path_factory.mktemp("broken")
    program = folder / "broken_app.py"
    program.write_text(BROKEN_APP, encoding="utf-8")
    tools = find_toolchain(ROOT)
    command = [
        "synth",
        "--quiet",
        "--app",
        f"{sys.executable} {program}",
        "--output",
        str(folder / "cdk.out"),
    ]
    return subprocess.run(
        [str(tools.node), str(tools.cdk), *command],
        cwd=ROOT,  # where cdk.json is
        env={**tools.environment(os.environ), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_synth_of_the_broken_app_fails(broken: subprocess.CompletedProcess[str]) -> None:
    """The exit code stops a pipeline, and no traceback stands between the reader and the messages."""
    assert broken.returncode == 1
    assert "Traceback" not in broken.stdout + broken.stderr


@pytest.mark.parametrize(
    "said",
    [
        # the function that was given more time
        (
            "ERROR GET /orders/{order_id} waits 9.501 s for ReadOrders/Function:live, which may run 60 s: the caller gets a 504 "
            "and the function runs on for up to 50.499 s. (constructs-lib) "
            "Orders-dev/Api/RestApi/Default/orders/{order_id}/GET/Resource"
        ),
        (
            "Suggested fix: Raise the integration to > 60 s (Regional limit 29 s) or lower Timeout to <= 9. "
            "Acknowledge with 'constructs-lib::T101'"
        ),
        # the gateway that was given less
        "ERROR POST /orders waits 3 s for PlaceOrder/Function:live, which may run 7 s",
        # the queue that was put beside it
        "ERROR queue Jobs hands a message out again after 10 s, but NotifyCustomer/Function:live may work on it for 13 s",
        "Orders-dev/Jobs/Resource",
        "Raise VisibilityTimeout to >= 78",
    ],
)
def test_each_fault_is_explained(broken: subprocess.CompletedProcess[str], said: str) -> None:
    """A newcomer reads both numbers, the construct, what happens in production, the change, and how to accept it."""
    assert said in " ".join((broken.stdout + broken.stderr).split())
