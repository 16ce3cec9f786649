"""For the tests of a CDK app: the policy as one assertion."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.errors import RefusedError
from constructs_lib.policy import check, check_templates
from constructs_lib.policy.settings import Settings, load_settings
from constructs_lib.policy.template.template import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import Stack, Stage
    from aws_cdk.assertions import Template

    from constructs_lib.policy import Report
    from constructs_lib.policy.rule import Finding


def assert_policy(
    subject: Stack | Stage | Template | Mapping[str, object] | str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    strict: bool = False,
) -> None:
    """Fail the test if the policy finds errors.

    Args:
        subject: a stack, a stage or the app; a ``Template`` of ``aws_cdk.assertions``; a template as a mapping; or the path
            of a template or of a ``cdk.out``. A stack is judged together with the other stacks of its app, and only what
            is found in it counts.
        settings: what to hold it to; by default those of the nearest settings file, as for the command line.
        strict: warnings fail too.

    Raises:
        AssertionError: the findings, each with its place, the arithmetic and the fix.
        TemplateError: a template cannot be read.

    Example:
        >>> worker = {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"TOKEN": "s3cr3t-s3cr3t"}}}}
        >>> assert_policy({"Resources": {"Worker": worker}})
        Traceback (most recent call last):
        AssertionError: the policy finds 1 error
        S801 error at Worker.Environment.Variables.TOKEN ...
    """
    __tracebackhide__ = True
    report = _report(subject, settings or load_settings())
    for error in report.unreadable:
        raise error
    severities = ("error", "warning") if strict else ("error",)
    file = getattr(subject, "template_file", None)
    failing = [
        finding
        for finding in report.findings
        if finding.severity in severities
        and finding.waived is None
        and (file is None or Path(finding.place.file).name == file)
    ]
    if failing:
        raise AssertionError(_said(failing))


def _report(subject: object, settings: Settings) -> Report:
    if hasattr(subject, "node"):
        return check([subject.node.root.synth().directory], settings)
    if hasattr(subject, "to_json"):
        subject = subject.to_json()
    if isinstance(subject, dict):
        return check_templates([parse(json.dumps(subject), "template")], settings)
    if isinstance(subject, str | os.PathLike):
        return check([os.fspath(subject)], settings)
    allowed = "a stack, a stage, an app, a Template, a mapping or a path"
    raise RefusedError("assert_policy", got=repr(subject), allowed=allowed, fix="e.g. assert_policy(stack)")


def _said(findings: list[Finding]) -> str:
    counted = [
        f"{count} {severity}{'s' * (count > 1)}"
        for severity in ("error", "warning")
        if (count := sum(finding.severity == severity for finding in findings))
    ]
    lines = [f"the policy finds {' and '.join(counted)}"]
    for finding in findings:
        resource = finding.place.resource
        at = f"{resource.construct_path or resource.id}.{finding.place.property_path}".rstrip(".")
        lines += [f"{finding.rule} {finding.severity} at {at}", f"  {finding.message}", f"  {finding.fix}"]
    return "\n".join(lines)
