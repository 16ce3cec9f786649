"""Both stages' templates as snapshots, one for each concern, so that a change shows where it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.snapshots import resources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syrupy.assertion import SnapshotAssertion

    from tests.stacks.reference_app import Synthesized

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


@pytest.mark.parametrize(
    ("stage", "concern"), [(stage, concern) for stage, shown in SHOWN.items() for concern in shown]
)
def test_stage(
    stage: str, concern: str, synthesized: Mapping[str, Synthesized], snapshot: SnapshotAssertion
) -> None:
    """The resources of one concern in one stage are as they were reviewed."""
    assert resources(synthesized[stage].template, *CONCERNS[concern]) == snapshot
