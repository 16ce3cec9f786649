"""SARIF 2.1.0, for code scanning: waivers are suppressions, rules bring their documentation."""

from __future__ import annotations

import hashlib
import json
import os
from urllib.parse import quote

from constructs_lib import __version__
from constructs_lib.policy.report.rule_page import Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.report.document import Document
    from constructs_lib.policy.rule import Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_GITHUB_LEVEL = {"error": "error", "warning": "warning", "note": "recommendation"}


def render(document: Document) -> str:
    """Write one log with one run."""
    from constructs_lib.policy.rules import ALL  # noqa: PLC0415 - the rules import half the engine

    numbers = {rule.id: number for number, rule in enumerate(ALL)}
    unreadable = document.coverage["unreadable"]
    run = {
        "tool": {
            "driver": {
                "name": "constructs-lib",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in ALL],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "Where the check was started."}}},
        "invocations": [
            {
                "executionSuccessful": not unreadable,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": text}} for text in unreadable
                ],
            }
        ],
        "results": [_result(finding, numbers) for finding in document.findings],
    }
    return (
        json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False)
        + "\n"
    )


def _rule(rule: Rule) -> dict[str, Any]:
    page = Page(rule)
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": page.harm},
        "fullDescription": {"text": page.sections.get("Why is this bad?") or page.harm},
        "help": {"text": page.text(), "markdown": page.markdown(examples=False)},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {
            "precision": "very-high",
            "problem.severity": _GITHUB_LEVEL[rule.severity],
            "tags": ["aws", "serverless", "reliability"],
        },
    }


def _result(finding: dict[str, Any], numbers: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding["rule"],
        "level": finding["severity"],
        "kind": "fail",
        "message": {"text": f"{finding['message']} {finding['fix']}"},
        "locations": [_location(finding)],
        "partialFingerprints": {"constructsLib/v1": fingerprint(finding)},
        "suppressions": [],
        "properties": {"path": finding["path"], "fix": finding["fix"]},
    }
    if finding["rule"] in numbers:
        result["ruleIndex"] = numbers[finding["rule"]]
    if finding["waived"] is not None:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": finding["waived"]}
        ]
    return result


def _location(finding: dict[str, Any]) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(finding["file"]),
            "region": {"startLine": finding["line"], "startColumn": finding["column"]},
        },
        "logicalLocations": [
            {
                "name": finding["logical_id"],
                "fullyQualifiedName": finding["construct_path"] or finding["logical_id"],
                "kind": "resource",
            }
        ],
    }


def _artifact(file: str) -> dict[str, Any]:
    if os.path.isabs(file):
        return {"uri": f"file://{quote(file)}"}
    return {"uri": quote(os.path.normpath(file).replace(os.sep, "/"), safe="/"), "uriBaseId": "%SRCROOT%"}


def fingerprint(finding: dict[str, Any]) -> str:
    """Name a finding so that it stays the same one when lines move and numbers change."""
    parts = (finding["rule"], finding["file"], finding["logical_id"], finding["property"], *finding["path"])
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:32]
