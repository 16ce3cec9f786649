"""Every change of what a version holds publishes a new one, so that the alias never keeps an old timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from constructs_lib import AsyncFailure, ParametersExtension, TimeoutBudget
from constructs_lib.compute import parameters
from tests.compute.functions import make
from tests.synth import ACCOUNT, REGION, new_stack, of_type, synthesize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECOMMENDED_FLAGS = {
    "@aws-cdk/aws-lambda:recognizeLayerVersion": True,
    "@aws-cdk/aws-lambda:recognizeVersionProps": True,
    "@aws-cdk/core:newStyleStackSynthesis": True,
}

PUBLISHING: dict[str, dict[str, Any]] = {
    "function timeout": {"budget": TimeoutBudget(gateway=10, init=2, function=6)},
    "a wait inside the budget alone": {"budget": TimeoutBudget(gateway=10, init=2, margin=0.6)},
    "environment": {"environment": {"TABLE_NAME": "orders"}},
    "environment by a token": {"environment": {"PARTITION": cdk.Aws.PARTITION}},
    "memory": {"memory_size": 1024},
    "description": {"description": "Takes orders"},
    "handler": {"handler": "index.other"},
    "code": {"code": lambda_.Code.from_inline("def handler(event, context): return 1")},
    "runtime": {"runtime": lambda_.Runtime.PYTHON_3_13},
    "architecture": {"architecture": lambda_.Architecture.X86_64},
    "size of /tmp": {"ephemeral_storage_size": cdk.Size.mebibytes(1024)},
    "SnapStart": {"snap_start": True},
    "dead-letter queue": {"async_failure": AsyncFailure()},
    "extension": {"extension": ParametersExtension()},
}
QUIET: dict[str, dict[str, Any]] = {
    "nothing": {},
    "log retention": {"log_retention": cdk.aws_logs.RetentionDays.ONE_WEEK},
}


def version_ids(
    variants: dict[str, Callable[[cdk.Stack], object]], context: dict[str, Any]
) -> dict[str, str]:
    """Synthesize each variant in a stack of its own, at the same place, and give its version's logical id."""
    app = cdk.App(context=context, analytics_reporting=False)
    stacks = {}
    for number, (name, build) in enumerate(variants.items()):
        environment = cdk.Environment(account=ACCOUNT, region=REGION)
        stacks[name] = cdk.Stack(app, f"Variant{number}", env=environment)
        build(stacks[name])
    assembly = app.synth()
    return {
        name: next(iter(of_type(assembly.get_stack_by_name(s.stack_name).template, "AWS::Lambda::Version")))
        for name, s in stacks.items()
    }


@pytest.fixture(scope="module", params=[{}, RECOMMENDED_FLAGS], ids=["no flags", "recommended flags"])
def versions(request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the version of every variant, in an app with and without feature flags."""

    def builder(arguments: dict[str, Any]) -> Callable[[cdk.Stack], object]:
        return lambda stack: make(stack, **arguments)

    base: dict[str, dict[str, Any]] = {"base": {}}
    variants = {name: builder(arguments) for name, arguments in (base | PUBLISHING | QUIET).items()}
    return version_ids(variants, request.param)


@pytest.mark.parametrize("change", PUBLISHING)
def test_a_change_publishes_a_new_version(versions: dict[str, str], change: str) -> None:
    """The version's logical id differs, so CloudFormation publishes it and moves the alias."""
    assert versions[change] != versions["base"]


@pytest.mark.parametrize("change", QUIET)
def test_what_no_version_holds_publishes_none(versions: dict[str, str], change: str) -> None:
    """Where nothing changes that Lambda freezes in a version, the alias stays where it is."""
    assert versions[change] == versions["base"]


@pytest.mark.parametrize("context", [{}, RECOMMENDED_FLAGS], ids=["no flags", "recommended flags"])
def test_new_content_of_a_layer_publishes_a_new_version(tmp_path: Path, context: dict[str, Any]) -> None:
    """The layer's logical id stays the same when its content changes; the function's version must not."""
    for content in ("old", "new"):
        (tmp_path / content).mkdir()
        (tmp_path / content / "shared.py").write_text(f"VERSION = {content!r}\n")

    def builder(content: str) -> Callable[[cdk.Stack], object]:
        def build(stack: cdk.Stack) -> object:
            code = lambda_.Code.from_asset(str(tmp_path / content))
            return make(stack, layers=[lambda_.LayerVersion(stack, "Shared", code=code)])

        return build

    versions = version_ids({"old": builder("old"), "new": builder("new")}, context)
    assert versions["old"] != versions["new"]


def test_new_layers_of_the_table_publish_a_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the region is open the function names a mapping; a release with newer layers must still move the alias."""

    def version() -> str:
        stack = new_stack(region=None)
        make(stack, extension=ParametersExtension())
        return next(iter(of_type(synthesize(stack), "AWS::Lambda::Version")))

    before = version()
    assert version() == before
    monkeypatch.setattr(
        parameters, "extension_layer_arn", lambda region, architecture: f"arn:{region}:{architecture}:99"
    )
    assert version() != before
