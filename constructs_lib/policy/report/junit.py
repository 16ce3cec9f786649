"""JUnit XML: a test suite for each file, a test case for each finding; what no waiver accepts and must be mended fails."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from constructs_lib.policy.report.document import what, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.report.document import Document

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(document: Document) -> str:
    """Write one XML document."""
    suites: dict[str, list[dict[str, Any]]] = {}
    for finding in document.findings:
        suites.setdefault(finding["file"], []).append(finding)
    lines = [line for file, findings in suites.items() for line in _suite(document, file, findings)]
    lines += [line for text in document.coverage["unreadable"] for line in _unreadable(text)]
    if not lines:
        lines = [
            '  <testsuite name="constructs-lib" tests="1">',
            '    <testcase name="policy" classname="constructs-lib"/>',
        ]
        lines.append("  </testsuite>")
    body = _NOT_XML.sub("\ufffd", "\n".join(lines))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="constructs-lib">\n{body}\n</testsuites>\n'
    )


def _suite(document: Document, file: str, findings: list[dict[str, Any]]) -> Iterator[str]:
    failures = sum(document.fails(finding) for finding in findings)
    skipped = sum(finding["waived"] is not None for finding in findings)
    counts = f'tests="{len(findings)}" failures="{failures}" errors="0" skipped="{skipped}"'
    yield f"  <testsuite name={quoteattr(file)} {counts}>"
    for finding in findings:
        yield from _case(document, finding)
    yield "  </testsuite>"


def _case(document: Document, finding: dict[str, Any]) -> Iterator[str]:
    name = quoteattr(f"{finding['rule']} {what(finding)} ({' -> '.join(finding['path'])})")
    place = f'file={quoteattr(finding["file"])} line="{finding["line"]}"'
    yield f'    <testcase classname="{finding["rule"]}" name={name} {place}>'
    text = f"{where(finding)}\n{finding['message']}\n{finding['fix']}"
    if finding["waived"] is not None:
        yield f"      <skipped message={quoteattr('waived: ' + finding['waived'])}/>"
    elif document.fails(finding):
        kind = finding["severity"]
        yield f'      <failure type="{kind}" message={quoteattr(finding["message"])}>{escape(text)}</failure>'
    else:
        yield f"      <system-out>{escape(finding['severity'] + ': ' + text)}</system-out>"
    yield "    </testcase>"


def _unreadable(text: str) -> Iterator[str]:
    name = quoteattr(text.partition(":")[0])
    yield f'  <testsuite name={name} tests="1" failures="0" errors="1" skipped="0">'
    yield f'    <testcase classname="constructs-lib" name="read">\n      <error message={quoteattr(text)}/>'
    yield "    </testcase>\n  </testsuite>"
