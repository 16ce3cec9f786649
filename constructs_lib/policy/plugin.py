"""The policy as a CDK validation plugin: ``cdk synth`` fails where the hierarchy of waits breaks.

The one module of the policy that imports jsii. It reads the assembly that CDK has just written, as ``constructs-lib check
cdk.out`` does, so both find the same.
"""

from __future__ import annotations

import os

import jsii
from aws_cdk import (
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Validations,
)

from constructs_lib import __version__
from constructs_lib.errors import RefusedError, TemplateError
from constructs_lib.policy import check_templates
from constructs_lib.policy.rules import ALL
from constructs_lib.policy.settings import Settings
from constructs_lib.policy.settings_file import load_settings
from constructs_lib.policy.template.cdk_out import read_assembly
from constructs_lib.policy.waivers import PLUGIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from constructs import Node

    from constructs_lib.policy import Report
    from constructs_lib.policy.rule import Finding
    from constructs_lib.policy.template import Template

_SEVERITIES = {"error": "error", "warning": "warning", "note": "info"}
_UNWAIVABLE = "fatal"  # CDK suppresses violations of every other severity


@jsii.implements(IPolicyValidationPlugin)
class ConstructsLibPolicy:
    """Proves on the synthesized stacks, all together, that waits, capacity and failure paths fit.

    Errors fail the synth, warnings and notes are shown. To accept a finding, acknowledge it where it belongs::

        Validations.of(queue).acknowledge(
            Acknowledgment(id="constructs-lib::Q302", reason="messages are handled once, within a second")
        )

    Waivers in a resource's Metadata and in the settings count too; those are left out of CDK's report and counted in its
    metadata.

    Args:
        settings: what to hold the stacks to, or the path of a settings file; by default the nearest
            ``constructs_lib.toml`` or ``pyproject.toml`` from the working directory upwards.
        strict: errors cannot be accepted: whatever waives them is ignored.

    Raises:
        SettingsError: the settings file cannot be used.

    Example::

        app = App()
        Validations.of(app).add_plugins(ConstructsLibPolicy())
    """

    def __init__(self, *, settings: Settings | str | None = None, strict: bool = False) -> None:
        self._settings = settings if isinstance(settings, Settings) else load_settings(file=settings)
        self._strict = strict

    @property
    def name(self) -> str:
        """The prefix of the ids that users acknowledge."""
        return PLUGIN

    @property
    def version(self) -> str:
        """The version of this package."""
        return __version__

    @property
    def rule_ids(self) -> list[str]:
        """The ids of all rules."""
        return [rule.id for rule in ALL]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Check the stacks that CDK names, as one system."""
        templates = _templates(context)
        report = check_templates(templates, self._settings)
        shown = [finding for finding in report.findings if self._is_shown(finding)]
        return PolicyValidationPluginReport(
            success=not any(
                finding.severity == "error" and (self._strict or not finding.waived) for finding in shown
            ),
            violations=[self._violation(finding) for finding in shown],
            metadata=_summary(report),
            plugin_version=__version__,
        )

    def _is_shown(self, finding: Finding) -> bool:
        """CDK itself takes out what its users acknowledged, and keeps a record; other waivers it does not know."""
        acknowledged = finding.waived_by is not None and finding.waived_by.construct is not None
        return not finding.waived or acknowledged or (self._strict and finding.severity == "error")

    def _violation(self, finding: Finding) -> PolicyViolation:
        strict = self._strict and finding.severity == "error"
        resource, waiver = finding.place.resource, finding.waived_by
        # CDK looks for an acknowledgement at and above one construct; ours may stand on any construct of the path.
        known = None if strict or waiver is None else waiver.construct
        place = PolicyViolatingResource(
            resource_logical_id=resource.id,
            template_path=os.path.abspath(finding.place.file),
            construct_path=known or resource.construct_path,
            locations=[f"Properties.{finding.place.property_path}"] if finding.place.keys else [],
        )
        return PolicyViolation(
            rule_name=finding.rule,
            description=finding.message,
            fix=finding.fix,
            severity=_UNWAIVABLE if strict else _SEVERITIES[finding.severity],
            rule_metadata={
                "path": " -> ".join(finding.path),
                "more": f"constructs-lib explain {finding.rule}",
            },
            violating_resources=[place],
        )


def _summary(report: Report) -> dict[str, str]:
    waived = sum(finding.waived is not None for finding in report.findings)
    missed = sum(len(coverage.missed) for coverage in report.coverage)
    followed = sum(coverage.followed for coverage in report.coverage)
    return {"edges": f"{followed} followed, {missed} not", "waived": str(waived)}


def _templates(context: IPolicyValidationContext) -> list[Template]:
    """Read the stacks' templates through their assemblies: these tell construct paths, environments and assets."""
    wanted = {os.path.realpath(stack.template_path) for stack in context.stack_templates}
    found = []
    for folder in _outermost({os.path.dirname(path) for path in wanted}):
        for item in read_assembly(folder):
            if isinstance(item, TemplateError):
                raise RefusedError(
                    PLUGIN, got=str(item), allowed="readable templates", fix="synthesize again"
                )
            if os.path.realpath(item.file) in wanted:
                found.append(item)
    if found:
        for path, rules in _acknowledged_above(context):
            found[0].acknowledged[path] = rules
    return found


def _outermost(folders: Iterable[str]) -> Iterator[str]:
    """Leave out assemblies of stages, which are read with the assembly that holds them."""
    last = None
    for folder in sorted(folders):
        if last is None or not folder.startswith(last + os.sep):
            last = folder
            yield folder


def _acknowledged_above(context: IPolicyValidationContext) -> Iterator[tuple[str, dict[str, str]]]:
    """List what was acknowledged on the app and on stages: no stack's metadata holds it."""
    paths = {""}
    for stack in context.stack_templates:
        parts = stack.stack_construct_path.split("/")
        paths.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
    for path in sorted(paths):
        node: Node | None = context.app_construct.node
        for part in path.split("/") if path else ():
            child = node.try_find_child(part) if node else None
            node = child.node if child else None
        rules: dict[str, str] = {}
        for entry in node.metadata if node else ():
            if entry.type == Validations.ACKNOWLEDGED_RULES_METADATA_KEY and isinstance(entry.data, dict):
                rules.update(entry.data)
        if rules:
            yield path, rules
