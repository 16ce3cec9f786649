"""What every workflow has to pass: cfn-lint, cdk-nag, checkov, our own policy, and the examples in the docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from aws_cdk.aws_stepfunctions import StateMachineType

from constructs_lib import Access, HardenedRestApi, TimeoutBudget, assert_policy, workflow
from constructs_lib.workflow import ExpressWorkflow
from tests.scanners import failed_checks, lint_findings, nag_findings
from tests.synth import new_stack, template_text
from tests.workflow.workflows import chunked, function

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

MODULES = [
    importlib.import_module(f"{workflow.__name__}.{module.name}")
    for module in pkgutil.iter_modules(workflow.__path__)
]
OWN = ("Nightly", "Hourly", "Checkout")

_AWS_KEY = "encrypted with a key that AWS manages; a customer key is the deploying team's decision and bill"

_NAMED = re.compile(r"<(?:Nightly|Hourly)(\w+?)[0-9A-F]{8}\.\w+>")  # which of both it is does not matter
_STATES = "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>"

NAG = {
    "AwsSolutions-IAM5[Resource::*]": "log deliveries and X-Ray know no resources",
    "AwsSolutions-IAM5[Resource::<Items>/*/items.jsonl]": "the manifest of any run",
    "AwsSolutions-IAM5[Resource::<Items>/*/results/*]": "the results of any run",
    f"{_STATES}:execution:<StateMachine>:*]": "executions of this state machine, whose names come with each run",
    f"{_STATES}:execution:<StateMachine>/Batches:*]": "executions of its batches, whose names Step Functions gives",
    f"{_STATES}:mapRun:<StateMachine>/Batches:*]": "map runs of this state machine, whose names Step Functions gives",
    "AwsSolutions-S1": "access logs would tell what the progress table and the state machine's log tell already",
    "AwsSolutions-SQS3": "the failure queue is where batches end; it needs no other one",
    "Serverless-SQSRedrivePolicy": "the failure queue is where batches end; it needs no other one",
}
CHECKOV = {
    "CKV_AWS_18": "access logs would tell what the progress table and the state machine's log tell already",
    "CKV_AWS_21": "a manifest is written once, results under a name of their own, and both expire",
    "CKV_AWS_27": f"{_AWS_KEY}; checkov does not see SqsManagedSseEnabled",
    "CKV_AWS_119": _AWS_KEY,
    "CKV_AWS_158": f"{_AWS_KEY}; logs hold no data",
}


def everything(stack: cdk.Stack) -> None:
    """Make every kind of workflow once, one of them behind a route."""
    short = TimeoutBudget(gateway=None, init=1, work=1)
    chunked(stack, "Nightly", finalize=function(stack, "Finish"))
    chunked(stack, "Hourly", worker=function(stack, "Quick", short), execution_type=StateMachineType.EXPRESS)
    steps = [function(stack, name, short) for name in ("Reserve", "Charge")]
    api = HardenedRestApi(stack, "Api", authorizer=Access.IAM)
    api.post("/checkout", ExpressWorkflow(stack, "Checkout", steps=[steps]))


@pytest.mark.parametrize("region", ["eu-west-1", None], ids=["region known", "region open"])
def test_everything_at_once_passes_cfn_lint(region: str | None) -> None:
    """No finding on any resource that the constructs can make, the definitions included."""
    stack = new_stack(region=region)
    everything(stack)
    assert lint_findings(stack) == []


def test_the_policy_finds_nothing(stack: cdk.Stack) -> None:
    """Not even a warning: what a construct sets is what the policy asks for."""
    everything(stack)
    assert_policy(stack, strict=True)


def test_nag_finds_what_is_waived_with_a_reason_and_nothing_else(tmp_path: Path) -> None:
    """AwsSolutions and Serverless, on the workflows' own resources; a waiver that nothing needs is a finding too."""
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    everything(cdk.Stack(app, "Test"))
    found = {
        _NAMED.sub(r"<\1>", rule)
        for rule, path in nag_findings(app)
        if path.startswith(tuple(f"Test/{name}/" for name in OWN))
    }
    assert found == set(NAG)


def test_checkov_finds_what_is_waived_with_a_reason_and_nothing_else(
    tmp_path: Path, stack: cdk.Stack
) -> None:
    """On the workflows' own resources; a waiver that nothing needs is a finding too."""
    everything(stack)
    (tmp_path / "template.json").write_text(template_text(stack), encoding="utf-8")
    functions = ("NightlyListItems", "NightlyWorker", "HourlyListItems")
    found = {
        check
        for check, resource in failed_checks(tmp_path)
        if resource.startswith(OWN) and not resource.startswith(functions)
    }
    assert found == set(CHECKOV)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_examples_in_docstrings_run(module: ModuleType) -> None:
    """What a docstring shows is what happens."""
    assert doctest.testmod(module).failed == 0


def test_the_constructs_and_their_arguments_show_an_example() -> None:
    """Every public name of the package has an example that the test above runs."""
    assert [
        name for name in workflow.__all__ if "Example:" not in (getattr(workflow, name).__doc__ or "")
    ] == []
