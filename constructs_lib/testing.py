"""For the tests of a CDK app and its handlers: the policy, and what an import may cost, as one assertion each."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.errors import RefusedError
from constructs_lib.measure.imports import ImportFailedError, profile
from constructs_lib.policy import check, check_templates
from constructs_lib.policy.settings_file import load_settings
from constructs_lib.policy.template.template import parse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from aws_cdk import Stack, Stage
    from aws_cdk.assertions import Template

    from constructs_lib.measure.imports import ImportProfile
    from constructs_lib.policy import Report
    from constructs_lib.policy.rule import Finding
    from constructs_lib.policy.settings import Settings


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


def assert_import_budget(
    handler: str,
    *,
    seconds: float,
    forbid: Collection[str] = (),
    path: str | os.PathLike[str] | None = None,
    runs: int = 5,
) -> None:
    """Fail the test if importing a handler takes too long, or brings in what no request should wait for.

    The import runs in fresh interpreters with this one's path, bytecode cached; the least of the times counts, because
    whatever else the machine does only adds to it. A Lambda function with less than 1,769 MB has less than one core, and
    takes longer than this machine: leave it room.

    Args:
        handler: a module, or a handler as Lambda names it: ``"app.handler"`` is the module ``app.handler`` where there is
            one, and else the module ``app``.
        seconds: what the import may take, > 0.
        forbid: modules or packages that it must not bring in.
        path: the folder that the handler's names are relative to; by default only this interpreter's own path counts.
        runs: how many times to import, >= 1.

    Raises:
        AssertionError: it takes longer, brings in what is forbidden, or fails; with the costliest lines, and the way to each
            forbidden module.
        RefusedError: an argument that cannot be one.

    Example:
        >>> assert_import_budget("json", seconds=5, forbid=["pandas"], runs=1)
        >>> assert_import_budget("json.tool", seconds=5, forbid=["argparse"], runs=1)
        Traceback (most recent call last):
        AssertionError: json.tool brings in argparse, which is forbidden
          json/tool.py:... imports argparse
        ...
    """
    __tracebackhide__ = True
    if isinstance(forbid, str):
        raise RefusedError(
            "assert_import_budget: forbid", got=repr(forbid), allowed="a list", fix=f"[{forbid!r}]"
        )
    if not seconds > 0:
        raise RefusedError(
            "assert_import_budget: seconds", got=seconds, allowed="> 0", fix="e.g. seconds=0.3"
        )
    try:
        found = profile(handler, path=path, runs=runs)
    except ImportFailedError as error:
        raise AssertionError(str(error)) from None
    said = [*_forbidden(handler, found, forbid)]
    if found.seconds > seconds:
        said.append(
            f"{handler} takes {found.seconds:.3f} s to import (best of {runs}), and may take {seconds} s"
        )
        said += [f"  {each.seconds:.3f} s  {each.named}, by {each.place}" for each in found.costliest()]
    if said:
        cure = "import what only some requests need when they need it: constructs_lib.runtime.lazy"
        raise AssertionError("\n".join([*said, cure]))


def _forbidden(handler: str, found: ImportProfile, forbid: Collection[str]) -> list[str]:
    said: list[str] = []
    for name in forbid:
        if name in found.modules:
            said.append(f"{handler} brings in {name}, which is forbidden")
            said += [f"  {step.place} imports {step.named}" for step in found.way_to(name)]
    return said


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
