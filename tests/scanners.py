"""Asking other people's scanners what they think of a stack: cfn-lint, cdk-nag and checkov."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks, ServerlessChecks
from cfnlint import lint

from tests.synth import template_text

if TYPE_CHECKING:
    from aws_cdk import Stack

ROOT = Path(__file__).parent.parent

# CDK lets functions and state machines depend on their roles by name too. CDK's own validation switches this rule off as well.
_ALWAYS_BY_CDK = ["W3005"]


def lint_findings(stack: Stack) -> list[str]:
    """Give everything that cfn-lint finds in the stack's template, but for what CDK itself always writes."""
    findings = lint(template_text(stack), config={"ignore_checks": _ALWAYS_BY_CDK})
    return [f"{found.rule.id} {found.path}: {found.message}" for found in findings]


def nag_findings(app: cdk.App) -> set[tuple[str, str]]:
    """Give the rule and the construct path of everything that cdk-nag's AwsSolutions and Serverless find in an app."""
    packs = AwsSolutionsChecks(app), ServerlessChecks(app)
    cdk.Validations.of(app).add_plugins(*packs)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth(force=True)
    report = json.loads(Path(app.outdir, "validation-report.json").read_text(encoding="utf-8"))
    assert len(report["pluginReports"]) == len(packs)
    return {
        (violation["ruleName"], construct["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    }


def failed_checks(directory: Path) -> set[tuple[str, str]]:
    """Give the check and the logical id of everything that checkov, in its own environment, finds in a directory."""
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "setup.py", "checkov"], check=True, capture_output=True
    )
    command = [str(ROOT / ".venv-checkov" / "bin" / "checkov"), "--directory", str(directory)]
    options = ["--framework=cloudformation", "--output=json", "--compact", "--skip-download", "--soft-fail"]
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    return {
        (check["check_id"], check["resource"].partition(".")[2])
        for check in report["results"]["failed_checks"]
    }
