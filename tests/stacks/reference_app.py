"""The reference app, synthesized in this process as the CDK CLI does it in another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from tests.synth import ACCOUNT, REGION

ROOT = Path(__file__).parent.parent.parent
STAGES = ("dev", "prod")

Template = dict[str, Any]


@dataclass(frozen=True)
class Synthesized:
    """One stage of the app, with its cloud assembly."""

    stage: str
    app: cdk.App
    directory: Path

    @property
    def template_file(self) -> Path:
        """The stack's template."""
        return self.directory / f"Orders-{self.stage}.template.json"

    @property
    def template(self) -> Template:
        """The stack's template, read."""
        template: Template = json.loads(self.template_file.read_text(encoding="utf-8"))
        return template


def synthesize_app(stage: str, directory: Path) -> Synthesized:
    """Synthesize the app with the context of ``cdk.json``, for a region and account as the CLI finds them."""
    from app import add_orders

    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CDK_DEFAULT_ACCOUNT", ACCOUNT)
        environment.setenv("CDK_DEFAULT_REGION", REGION)
        app = cdk.App(context={**context, "stage": stage}, outdir=str(directory), analytics_reporting=False)
        add_orders(app)
        app.synth()
    return Synthesized(stage, app, directory)
