"""What an API that uses everything has to pass: cfn-lint, cdk-nag, and the examples in the docstrings."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
import cdk_nag
import pytest
from cfnlint import lint

from constructs_lib import api
from tests.api.test_rest_api import shop
from tests.synth import new_stack, template_text

if TYPE_CHECKING:
    from types import ModuleType

# CDK lets every function depend on its role by name too. CDK's own validation switches this rule off as well.
ALWAYS_BY_CDK = ["W3005"]

WAIVED = {
    "AwsSolutions-APIG3": "a web ACL is the account's decision and bill; the stage is an attribute to attach one to",
    "AwsSolutions-APIG4": "a route without authorization says so itself: Access.PUBLIC",
    "AwsSolutions-APIG6": "execution logs need the account's role and repeat per request what the access log has",
    "AwsSolutions-COG4": "token, request and IAM authorization are as good as Cognito's",
    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
    "AmazonAPIGatewayPushToCloudWatchLogs]": "the policy that API Gateway documents for this role",
}

MODULES = [
    importlib.import_module(f"{api.__name__}.{module.name}") for module in pkgutil.iter_modules(api.__path__)
]


@pytest.mark.parametrize("region", ["eu-west-1", None], ids=["region known", "region open"])
def test_everything_at_once_passes_cfn_lint(region: str | None) -> None:
    """No finding on any resource that the construct can make."""
    stack = new_stack(region=region)
    shop(stack)
    findings = lint(template_text(stack), config={"ignore_checks": ALWAYS_BY_CDK})
    assert [f"{found.rule.id} {found.path}: {found.message}" for found in findings] == []


def test_nag_finds_what_is_waived_with_a_reason_and_nothing_else(tmp_path: Path) -> None:
    """AwsSolutions and Serverless, on the API's own resources; a waiver that nothing needs is a finding too."""
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    shop(cdk.Stack(app, "Test"))
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app), cdk_nag.ServerlessChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    reports = json.loads(Path(tmp_path, "validation-report.json").read_text(encoding="utf-8"))[
        "pluginReports"
    ]
    assert len(reports) == 2
    found = {
        violation["ruleName"]
        for report in reports
        for violation in report["violations"]
        for construct in violation["violatingConstructs"]
        if construct["constructPath"].startswith(("Test/Api/", "Test/ApiGatewayAccountRole/"))
    }
    assert found == set(WAIVED)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_examples_in_docstrings_run(module: ModuleType) -> None:
    """What a docstring shows is what happens."""
    assert doctest.testmod(module).failed == 0


def test_the_constructs_and_their_arguments_show_an_example() -> None:
    """Every public name of the package has an example that the test above runs."""
    assert [name for name in api.__all__ if "Example:" not in (getattr(api, name).__doc__ or "")] == []
