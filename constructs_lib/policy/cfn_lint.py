"""The policy for those who run cfn-lint: ``cfn-lint template.yaml -a constructs_lib.policy.cfn_lint``.

Each rule stands under its own id with the letter by which cfn-lint tells severities in front: T101 is ``ET101``, Q302
``WQ302``, S806 ``IS806``. cfn-lint looks at one template at a time, so relations between stacks need ``constructs-lib check``,
and so do the rules about waivers themselves. Waivers count; cfn-lint's own ways to ignore a rule work too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cfnlint.rules import CloudFormationLintRule, RuleMatch

from constructs_lib.policy import check_templates
from constructs_lib.policy.rules import ALL
from constructs_lib.policy.settings_file import load_settings
from constructs_lib.policy.template import Template

if TYPE_CHECKING:
    import cfnlint.template

    from constructs_lib.policy.rule import Finding, Rule

_LETTERS = {"error": "E", "warning": "W", "note": "I"}
_last: list[tuple[object, list[Finding]]] = []


def _rule(rule: Rule) -> type[CloudFormationLintRule]:
    def match(_: CloudFormationLintRule, cfn: cfnlint.template.Template) -> list[RuleMatch]:
        return [
            RuleMatch(
                ["Resources", finding.place.resource.id, "Properties", *finding.place.keys],
                f"{finding.message} {finding.fix}",
            )
            for finding in _findings(cfn)
            if finding.rule == rule.id and not finding.waived
        ]

    summary, _, details = (type(rule).__doc__ or "").partition("\n")
    body = {
        "id": _LETTERS[rule.severity] + rule.id,
        "shortdesc": summary,
        "description": " ".join(details.split()),
        "tags": ["serverless", rule.name],
        "match": match,
        "__module__": __name__,
    }
    return type(type(rule).__name__, (CloudFormationLintRule,), body)


def _findings(cfn: cfnlint.template.Template) -> list[Finding]:
    """Check a template once for all rules: cfn-lint asks them one after the other."""
    if not _last or _last[0][0] is not cfn:
        plain = json.loads(json.dumps(cfn.template))  # cfn-lint's own kinds of dict and str become plain ones
        template = Template(str(cfn.filename), "", plain)
        _last[:] = [(cfn, check_templates([template], load_settings([str(cfn.filename)])).findings)]
    return _last[0][1]


globals().update({type(rule).__name__: _rule(rule) for rule in ALL if not rule.id.startswith("V")})
