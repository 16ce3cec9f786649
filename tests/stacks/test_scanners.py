"""What other people's scanners say about the reference app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cfnlint import ManualArgs, lint

from constructs_lib.policy import check
from tests.scanners import failed_checks, nag_findings
from tests.synth import REGION
from tests.waivers import Finding, unneeded, unwaived

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.stacks.reference_app import Synthesized


@pytest.fixture(scope="session")
def cfn_lint(synthesized: Mapping[str, Synthesized]) -> set[Finding]:
    """Give cfn-lint's findings on both templates."""
    return {
        Finding(match.rule.id, match.path[1])
        for each in synthesized.values()
        for match in lint(each.template_file.read_text(), config=ManualArgs(regions=[REGION]))
    }


@pytest.fixture(scope="session")
def cdk_nag(synthesized: Mapping[str, Synthesized]) -> set[Finding]:
    """Give cdk-nag's findings on both stages, from the report that it leaves in the assembly."""
    return {
        Finding(rule, path.partition("/")[2])
        for each in synthesized.values()
        for rule, path in nag_findings(each.app)
    }


@pytest.fixture(scope="session")
def checkov(synthesized: Mapping[str, Synthesized], tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    """Give checkov's findings on both templates; it has an environment of its own."""
    directory = tmp_path_factory.mktemp("checkov")
    for each in synthesized.values():
        (directory / each.template_file.name).write_text(each.template_file.read_text())
    return {Finding(check, resource) for check, resource in failed_checks(directory)}


def test_cfn_lint_finds_nothing_new(cfn_lint: set[Finding]) -> None:
    """Every finding of cfn-lint is waived."""
    assert unwaived(cfn_lint) == []


def test_cdk_nag_finds_nothing_new(cdk_nag: set[Finding]) -> None:
    """Every finding of AwsSolutions and Serverless is waived."""
    assert unwaived(cdk_nag) == []


def test_checkov_finds_nothing_new(checkov: set[Finding]) -> None:
    """Every finding of checkov is waived."""
    assert unwaived(checkov) == []


def test_our_own_policy_finds_nothing(synthesized: Mapping[str, Synthesized]) -> None:
    """The hierarchy that the constructs have proven holds in the templates too, as far as they say everything."""
    for each in synthesized.values():
        report = check([str(each.directory)])
        assert (report.findings, report.unreadable) == ([], [])
        (coverage,) = report.coverage
        assert (coverage.followed > 0, [*coverage.missed], [*coverage.unknowns]) == (True, [], [])


def test_every_waiver_is_needed(cfn_lint: set[Finding], cdk_nag: set[Finding], checkov: set[Finding]) -> None:
    """A waiver whose finding is gone goes too."""
    assert unneeded(cfn_lint | cdk_nag | checkov) == []
