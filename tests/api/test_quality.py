"""What APIs that use everything have to pass: our policy, cfn-lint, cdk-nag, checkov, and the examples in docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest

from constructs_lib import api, assert_policy
from tests.api.test_http_api import shop as http_shop
from tests.api.test_rest_api import shop
from tests.api.test_websocket_api import chat
from tests.scanners import failed_checks, lint_findings, nag_findings
from tests.synth import new_stack, template_text

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

_ACL = "a web ACL is the account's decision and bill; the stage is an attribute to attach one to"
_ACCOUNT_POLICY = (
    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
    "AmazonAPIGatewayPushToCloudWatchLogs]"
)
_DOCUMENTED = "the policy that API Gateway documents for this role"

WAIVED = {
    "REST": {
        "AwsSolutions-APIG3": _ACL,
        "AwsSolutions-APIG4": "a route without authorization says so itself: Access.PUBLIC",
        "AwsSolutions-APIG6": "execution logs need the account's role and repeat per request what the access log has",
        "AwsSolutions-COG4": "token, request and IAM authorization are as good as Cognito's",
        _ACCOUNT_POLICY: _DOCUMENTED,
    },
    "HTTP": {"AwsSolutions-APIG4": "a route without authorization says so itself: Access.PUBLIC"},
    "WebSocket": {
        "AwsSolutions-APIG4": "API Gateway asks on $connect alone; other routes have no authorization to set",
        "AwsSolutions-DDB3": "a connection lives two hours: there is nothing to go back to",
        _ACCOUNT_POLICY: _DOCUMENTED,
    },
}
WAIVED_OF_CHECKOV = {
    "CKV_AWS_28": "a connection lives two hours: there is nothing to go back to",
    "CKV_AWS_119": "encrypted with the key that AWS manages; a customer key has its price per month and call",
    "CKV_AWS_59": "a route without authorization says so itself: Access.PUBLIC",
    "CKV_AWS_158": "encrypted with a key that AWS manages; no secret is logged",
}
BUILDERS = {"REST": shop, "HTTP": http_shop, "WebSocket": chat}

MODULES = [
    importlib.import_module(f"{api.__name__}.{module.name}") for module in pkgutil.iter_modules(api.__path__)
]


@pytest.fixture(scope="module", params=BUILDERS)
def kind(request: pytest.FixtureRequest) -> str:
    """Give each kind of API in turn."""
    return str(request.param)


@pytest.mark.parametrize("region", ["eu-west-1", None], ids=["region known", "region open"])
def test_everything_at_once_passes_cfn_lint(kind: str, region: str | None) -> None:
    """No finding on any resource that the construct can make."""
    stack = new_stack(region=region)
    BUILDERS[kind](stack)
    assert lint_findings(stack) == []


def test_everything_at_once_passes_our_policy(kind: str) -> None:
    """What a construct has proven holds in its template too; a public route is a note, and said on purpose."""
    stack = new_stack()
    BUILDERS[kind](stack)
    assert_policy(stack)


def test_nag_finds_what_is_waived_with_a_reason_and_nothing_else(kind: str, tmp_path: Path) -> None:
    """AwsSolutions and Serverless, on the API's own resources; a waiver that nothing needs is a finding too."""
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    BUILDERS[kind](cdk.Stack(app, "Test"))
    found = {
        rule
        for rule, path in nag_findings(app)
        if path.startswith(("Test/Api/", "Test/ApiGatewayAccountRole/"))
    }
    assert found == set(WAIVED[kind])


def test_checkov_finds_what_is_waived_with_a_reason_and_nothing_else(tmp_path: Path) -> None:
    """On the APIs' own resources; checkov has an environment of its own, and takes long to start."""
    for kind, build in BUILDERS.items():
        stack = new_stack()
        build(stack)
        (tmp_path / f"{kind}.json").write_text(template_text(stack))
    found = {check for check, resource in failed_checks(tmp_path) if resource.startswith("Api")}
    assert found == set(WAIVED_OF_CHECKOV)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_examples_in_docstrings_run(module: ModuleType) -> None:
    """What a docstring shows is what happens."""
    assert doctest.testmod(module).failed == 0


def test_the_constructs_and_their_arguments_show_an_example() -> None:
    """Every public name of the package has an example that the test above runs."""
    assert [name for name in api.__all__ if "Example:" not in (getattr(api, name).__doc__ or "")] == []
