"""The reference app as the CDK CLI runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from app import add_orders
from constructs_lib import RefusedError
from tests.stacks.reference_app import ROOT, STAGES, synthesize_app
from tests.synth import ACCOUNT, REGION, of_type, synthesize

if TYPE_CHECKING:
    from pathlib import Path


def files(directory: Path) -> dict[str, bytes]:
    """Read what is deployed of a cloud assembly: all of it but the report of the policy, which only the CLI's run makes."""
    found = (
        file for file in directory.rglob("*") if file.is_file() and file.name != "validation-report.json"
    )
    return {str(file.relative_to(directory)): file.read_bytes() for file in found}


@pytest.mark.parametrize("stage", STAGES)
def test_two_syntheses_are_the_same(stage: str, tmp_path: Path) -> None:
    """Templates, manifest and assets are byte-identical in another process, directory and order of hashes."""
    here = synthesize_app(stage, tmp_path / "here").directory
    environment = {
        **os.environ,
        "CDK_CONTEXT_JSON": json.dumps({**context(), "stage": stage}),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_OUTDIR": str(tmp_path / "there"),
        "PYTHONHASHSEED": "1",
    }
    subprocess.run([sys.executable, ROOT / "app.py"], cwd=tmp_path, env=environment, check=True)
    assert files(here) == files(tmp_path / "there")


@pytest.mark.parametrize("stage", ["test", None])
def test_an_unknown_stage_is_refused(stage: str | None) -> None:
    """The message names the stages that there are."""
    app = cdk.App(context={"stage": stage, "stages": {"dev": {}, "prod": {}}}, analytics_reporting=False)
    with pytest.raises(
        RefusedError, match=r"stage: got .*; allowed: dev or prod; fix: cdk deploy -c stage=dev"
    ):
        add_orders(app)


def test_without_the_cli_the_message_says_so() -> None:
    """``python app.py`` has no context, which the CLI takes from cdk.json."""
    with pytest.raises(RefusedError, match=r"allowed: those of cdk.json, which the CDK CLI reads"):
        add_orders(cdk.App(analytics_reporting=False))


def test_an_open_region_takes_its_layer_from_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials the template still fits every region that the extension is known in."""
    monkeypatch.delenv("CDK_DEFAULT_ACCOUNT", raising=False)
    monkeypatch.delenv("CDK_DEFAULT_REGION", raising=False)
    template = synthesize(add_orders(cdk.App(context=context(), analytics_reporting=False)))
    layers = [
        layer
        for function in of_type(template, "AWS::Lambda::Function").values()
        for layer in function["Properties"].get("Layers", [])
        if not str(layer.get("Ref")).startswith("AsyncJobs")  # a layer of the stack's own
    ]
    assert len(layers) == 3
    assert all("Fn::FindInMap" in layer for layer in layers)


def context() -> dict[str, Any]:
    """Give the context of cdk.json."""
    found: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return found
