"""Both stages' templates as snapshots, one for each part and concern, so that a change shows where it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.snapshots import resources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syrupy.assertion import SnapshotAssertion

    from tests.stacks.reference_app import Synthesized, Template

CONCERNS = {
    "functions": ("AWS::Lambda::Function",),
    "aliases": ("AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission"),
    "methods": ("AWS::ApiGateway::Method", "AWS::ApiGateway::Authorizer"),
    "stage": ("AWS::ApiGateway::Stage", "AWS::ApiGateway::GatewayResponse"),
    "permissions": ("AWS::IAM::Policy", "AWS::SQS::QueuePolicy"),
    "state": (
        "AWS::DynamoDB::Table",
        "AWS::SSM::Parameter",
        "AWS::SecretsManager::Secret",
        "AWS::SQS::Queue",
    ),
    "scaling": ("AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"),
}
# What the prod stage has as the dev stage has it is shown once.
SHOWN = {
    "dev": ("functions", "aliases", "methods", "stage", "permissions", "state"),
    "prod": ("aliases", "stage", "state", "scaling"),
}
# Of the parts beside the API: who starts them, and what they may do. The rest is the constructs' own, and shown there.
PARTS = {
    "Fulfilment": ("AWS::Lambda::EventSourceMapping", "AWS::Events::Rule", "AWS::IAM::Policy"),
    "Reports": ("AWS::Lambda::EventSourceMapping", "AWS::IAM::Policy"),
    "Closing": ("AWS::Scheduler::Schedule", "AWS::IAM::Policy"),
}


@pytest.mark.parametrize(
    ("stage", "concern"), [(stage, concern) for stage, shown in SHOWN.items() for concern in shown]
)
def test_stage(
    stage: str, concern: str, synthesized: Mapping[str, Synthesized], snapshot: SnapshotAssertion
) -> None:
    """The resources of one concern of the API in one stage are as they were reviewed."""
    api = part(synthesized[stage].template, "")
    assert resources(api, *CONCERNS[concern]) == snapshot


@pytest.mark.parametrize("name", PARTS)
def test_part(name: str, dev: Template, snapshot: SnapshotAssertion) -> None:
    """What starts one of the other parts, and what it may do, is as it was reviewed."""
    assert resources(part(dev, name), *PARTS[name]) == snapshot


def part(template: Template, name: str) -> Template:
    """Give the resources of one part of the stack; those of no other part if it has no name."""
    own = {
        key: resource
        for key, resource in template["Resources"].items()
        if (key.startswith(name) if name else not key.startswith(tuple(PARTS)))
    }
    return {"Resources": own}
