"""What every worker has to pass: cfn-lint, cdk-nag, our own policy, and the examples in the docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from constructs_lib import QueueWorker, StreamWorker, assert_policy, messaging
from tests.messaging.workers import queue_worker, reader, stream_worker, table
from tests.scanners import failed_checks, lint_findings, nag_findings
from tests.synth import new_stack, template_text

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

MODULES = [
    importlib.import_module(f"{messaging.__name__}.{module.name}")
    for module in pkgutil.iter_modules(messaging.__path__)
]

WAIVED = {
    "AwsSolutions-SQS3": "the queue that is told of failed records is a dead-letter queue itself",
    "Serverless-SQSRedrivePolicy": "a dead-letter queue needs no other one",
    "Serverless-LambdaEventSourceMappingDestination": "what a queue's reader fails on goes back to the queue",
}


def everything(stack: cdk.Stack) -> None:
    """Make every kind of worker once."""
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    function = reader(stack, reserved_concurrent_executions=20)
    queue_worker(stack, "Standard", function=function, maximum_concurrency=10)
    queue_worker(stack, "Ordered", function=function, fifo=True, maximum_concurrency=10)
    queue_worker(stack, "Encrypted", function=reader(stack, "Decrypt"), encryption_key=key)
    stream_worker(stack, "Clicks", function=reader(stack, "Count"), encryption_key=key, tumbling_window=60)
    stream_worker(stack, "Changes", function=reader(stack, "Follow"), table=table(stack))


@pytest.mark.parametrize("region", ["eu-west-1", None], ids=["region known", "region open"])
def test_everything_at_once_passes_cfn_lint(region: str | None) -> None:
    """No finding on any resource that the constructs can make."""
    stack = new_stack(region=region)
    everything(stack)
    assert lint_findings(stack) == []


def test_the_policy_finds_nothing(stack: cdk.Stack) -> None:
    """Not even a warning: what a construct sets is what the policy asks for."""
    everything(stack)
    assert_policy(stack, strict=True)


def test_nag_finds_what_is_waived_with_a_reason_and_nothing_else(tmp_path: Path) -> None:
    """AwsSolutions and Serverless, on the workers' own resources; a waiver that nothing needs is a finding too."""
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    everything(cdk.Stack(app, "Test"))
    workers = ("Test/Standard/", "Test/Ordered/", "Test/Encrypted/", "Test/Clicks/", "Test/Changes/")
    found = {rule for rule, path in nag_findings(app) if path.startswith(workers)}
    assert found == set(WAIVED)


def test_checkov_finds_what_is_waived_with_a_reason_and_nothing_else(tmp_path: Path) -> None:
    """On the workers' own resources; checkov has an environment of its own, and takes long to start."""
    stack = new_stack()
    everything(stack)
    (tmp_path / "template.json").write_text(template_text(stack))
    workers = tuple(
        child.node.id for child in stack.node.children if isinstance(child, QueueWorker | StreamWorker)
    )
    found = {check for check, resource in failed_checks(tmp_path) if resource.startswith(workers)}
    assert found == {"CKV_AWS_27", "CKV_AWS_43"}, (
        "keys of AWS encrypt, which checkov does not see; the stream is the test's"
    )


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_examples_in_docstrings_run(module: ModuleType) -> None:
    """What a docstring shows is what happens."""
    assert doctest.testmod(module).failed == 0
