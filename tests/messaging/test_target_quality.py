"""What every event target has to pass: cfn-lint, cdk-nag and checkov."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from tests.messaging.listeners import event_rule, function_schedule, listener, topic_subscription
from tests.scanners import failed_checks, lint_findings, nag_findings
from tests.synth import new_stack, template_text

if TYPE_CHECKING:
    from pathlib import Path

OWN = ("Placed", "Hourly", "Told")

WAIVED = {
    "AwsSolutions-SQS3": "it is a dead-letter queue itself; the rule knows only those of other queues",
    "Serverless-SQSRedrivePolicy": "a dead-letter queue needs no other one",
}

WAIVED_OF_CHECKOV = {
    "CKV_AWS_27": "encrypted with a key that SQS manages; checkov does not see SqsManagedSseEnabled",
}


def everything(stack: cdk.Stack) -> None:
    """Make every kind of target once."""
    notify = listener(stack)
    event_rule(stack, function=notify, description="placed")
    function_schedule(stack, function=notify)
    kind = sns.SubscriptionFilter.string_filter(allowlist=["placed"])
    topic_subscription(stack, function=notify, filter_policy={"kind": kind})


@pytest.mark.parametrize("region", ["eu-west-1", None], ids=["region known", "region open"])
def test_everything_at_once_passes_cfn_lint(region: str | None) -> None:
    """No finding on any resource that the constructs can make."""
    stack = new_stack(region=region)
    everything(stack)
    assert lint_findings(stack) == []


def test_nag_finds_what_is_waived_with_a_reason_and_nothing_else(tmp_path: Path) -> None:
    """AwsSolutions and Serverless, on the targets' own resources; a waiver that nothing needs is a finding too."""
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    everything(cdk.Stack(app, "Test"))
    found = {
        rule for rule, path in nag_findings(app) if path.startswith(tuple(f"Test/{name}/" for name in OWN))
    }
    assert found == set(WAIVED)


def test_checkov_finds_what_is_waived_with_a_reason_and_nothing_else(tmp_path: Path) -> None:
    """On the targets' own resources."""
    stack = new_stack()
    everything(stack)
    (tmp_path / "targets.json").write_text(template_text(stack))
    found = {check for check, resource in failed_checks(tmp_path) if resource.startswith(OWN)}
    assert found == set(WAIVED_OF_CHECKOV)
