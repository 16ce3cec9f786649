"""Dead-letter queues in other regions and accounts: what only a cloud assembly tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from constructs_lib.policy import judge
from constructs_lib.policy.graph import Graph
from constructs_lib.policy.rules.d707_dlq_kind_mismatch import DlqKindMismatch
from constructs_lib.policy.template import Template
from constructs_lib.policy.values import System

if TYPE_CHECKING:
    from constructs_lib.policy.rule import Finding

HOME = {"AWS::Region": "eu-west-1", "AWS::AccountId": "111111111111"}


def _stack(resources: dict[str, object], environment: dict[str, str], **sections: object) -> Template:
    data = {"Resources": resources, **sections}
    return Template("stack.json", json.dumps(data), data, environment=environment)


def _queue(dead_letter_queue: object) -> dict[str, object]:
    policy = {"deadLetterTargetArn": dead_letter_queue, "maxReceiveCount": 5}
    return {"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": policy}}}


def _found(*templates: Template) -> list[Finding]:
    return judge(Graph(System(templates)), [DlqKindMismatch()])


@pytest.mark.parametrize(
    ("arn", "word"),
    [
        ("arn:aws:sqs:us-east-1:111111111111:failed", "region (us-east-1)"),
        ("arn:aws:sqs:eu-west-1:222222222222:failed", "account (222222222222)"),
    ],
)
def test_written_arn_of_another_place_is_found(arn: str, word: str) -> None:
    """A dead-letter queue that is written out in another region or account is named with that place."""
    (finding,) = _found(_stack(_queue(arn), HOME))
    assert word in finding.message


def test_queue_of_a_stack_in_another_region_is_found() -> None:
    """A dead-letter queue that another stack exports is found where that stack is deployed elsewhere."""
    failed: dict[str, object] = {"Failed": {"Type": "AWS::SQS::Queue"}}
    export = {"Arn": {"Value": {"Fn::GetAtt": ["Failed", "Arn"]}, "Export": {"Name": "failed"}}}
    other = _stack(failed, {**HOME, "AWS::Region": "us-east-1"}, Outputs=export)
    (finding,) = _found(_stack(_queue({"Fn::ImportValue": "failed"}), HOME), other)
    assert finding.path == ("Jobs", "Failed")


@pytest.mark.parametrize("environment", [HOME, {}])
def test_queue_in_the_same_or_an_unknown_place_is_silent(environment: dict[str, str]) -> None:
    """Nothing is found in the same place, nor where the template does not tell where it is deployed."""
    assert _found(_stack(_queue("arn:aws:sqs:eu-west-1:111111111111:failed"), environment)) == []
