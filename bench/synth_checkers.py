"""What the checkers that run inside CDK's synth say about templates: cdk-nag's packs, and CDK's own validation.

A process of its own, because both need jsii: ``python -m bench.synth_checkers FOLDER`` includes each template of the folder
as a stack, and prints (rule, construct) for each checker and stack, as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.cloudformation_include import CfnInclude
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

PACKS = {"AwsSolutions", "Serverless"}


def main(folder: Path) -> dict[str, dict[str, list[tuple[str, str]]]]:
    """Synthesize one app of all templates and read the report that it leaves."""
    with tempfile.TemporaryDirectory() as directory:
        app = cdk.App(outdir=directory, analytics_reporting=False)
        for file in sorted(folder.glob("*.json")):
            stack = cdk.Stack(app, file.stem, synthesizer=cdk.LegacyStackSynthesizer())
            CfnInclude(stack, "Included", template_file=str(file))
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
        try:
            app.synth()
        except RuntimeError as error:
            if "ValidationFailed" not in str(error):
                raise
        report = json.loads(Path(directory, "validation-report.json").read_text(encoding="utf-8"))
    return _findings(report)


def _findings(report: dict[str, Any]) -> dict[str, dict[str, list[tuple[str, str]]]]:
    found: dict[str, dict[str, list[tuple[str, str]]]] = {"cdk-nag": {}, "CDK": {}}
    for plugin in report["pluginReports"]:
        checker = found["cdk-nag" if plugin["pluginName"] in PACKS else "CDK"]
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                stack, _, path = construct["constructPath"].partition("/")
                checker.setdefault(stack, []).append((violation["ruleName"], path))
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
