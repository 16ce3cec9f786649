"""The snapshot serializer: what it leaves out, and what it refuses to leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.snapshots import TemplateSnapshot, resources

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

HASH = "0123456789abcdef" * 2

TEMPLATE: dict[str, Any] = {
    "Parameters": {"BootstrapVersion": {"Type": "String"}, "Size": {"Type": "Number"}},
    "Rules": {"CheckBootstrapVersion": {}},
    "Resources": {
        "Fn": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Code": {"S3Key": f"{HASH * 2}.zip"}},
            "Metadata": {
                "aws:cdk:path": "Test/Fn",
                "aws:asset:path": "asset",
                "constructs-lib": {"budget": 1},
            },
        },
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {"FunctionVersion": {"Ref": f"FnCurrentVersion17A89ABB{HASH}"}},
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Metadata": {"aws:cdk:path": "Test/Topic"}},
    },
}


def test_moving_parts_are_left_out(snapshot: SnapshotAssertion) -> None:
    """Hashes, construct paths and the bootstrap check are gone; the user's parameter and metadata stay."""
    assert resources(TEMPLATE) == snapshot


def test_only_what_is_asked_for() -> None:
    """Named types select their resources and nothing else."""
    assert list(resources(TEMPLATE, "AWS::SNS::Topic")) == ["Topic"]


def test_nothing_found_is_an_error() -> None:
    """A type that the template does not have fails, because an empty snapshot would pass for ever."""
    with pytest.raises(AssertionError, match="no AWS::SQS::Queue in the template"):
        resources(TEMPLATE, "AWS::SNS::Topic", "AWS::SQS::Queue")


def test_order_does_not_matter() -> None:
    """Two templates that differ only in the order of their keys render alike."""
    reverse = dict(reversed(TEMPLATE["Resources"].items()))
    assert TemplateSnapshot().serialize(TEMPLATE["Resources"]) == TemplateSnapshot().serialize(reverse)
