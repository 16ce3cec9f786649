"""Markdown, for a comment on a pull request or a job's summary."""

from __future__ import annotations

import re

from constructs_lib.policy.report.document import SEVERITIES, counted, what, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.report.document import Document

_MARKS = {"error": "🔴", "warning": "🟠", "note": "🔵"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@!&])")
_SHOWN_GAPS = 50  # GitHub takes comments of 65,536 characters


def render(document: Document) -> str:
    """Write the report."""
    lines = ["## constructs-lib: " + document.summary, ""]
    open_ones = [
        pair for pair in zip(document.findings, document.routes, strict=True) if pair[0]["waived"] is None
    ]
    drawn: dict[str, list[dict[str, Any]]] = {}
    for finding, route in sorted(open_ones, key=lambda pair: SEVERITIES.index(pair[0]["severity"])):
        drawn.setdefault(route.drawn(), []).append(finding)
    for line, findings in drawn.items():
        lines += [f"### {_text(line)}", "", *(part for found in findings for part in _finding(found)), ""]
    lines += [*_waived(document), *_coverage(document.coverage)]
    return "\n".join(lines) + "\n"


def _finding(finding: dict[str, Any]) -> Iterator[str]:
    place = f"{_code(where(finding))} {_code(what(finding))}"
    yield f"- {_MARKS[finding['severity']]} **{finding['severity']} {finding['rule']}** {place}  "
    yield f"  {_text(finding['message'])}  "
    yield f"  *Fix:* {_text(finding['fix'])}"


def _waived(document: Document) -> Iterator[str]:
    if document.waived:
        yield from (f"<details><summary>{document.waived} waived</summary>", "")
        for finding in document.findings:
            if finding["waived"] is not None:
                yield f"- **{finding['rule']}** {_code(where(finding))}: {_text(finding['waived'])}"
        yield from ("", "</details>", "")


def _coverage(coverage: dict[str, Any]) -> Iterator[str]:
    gaps = [("not followed", gap) for gap in coverage["not_followed"]]
    gaps += [("not decided", gap) for gap in coverage["undecided"]]
    head = f"{counted(coverage['templates'], 'template')}, {counted(coverage['edges_followed'], 'edge')} followed"
    yield from (f"{_text(f'not readable: {message}')}\n" for message in coverage["unreadable"])
    if not gaps:
        yield f"Coverage: {head}."
        return
    yield from (
        f"<details><summary>Coverage: {head}, {len(gaps):,} not followed or not decided</summary>",
        "",
    )
    for verb, gap in gaps[:_SHOWN_GAPS]:
        yield f"- {verb}: {_code(where(gap))} {_code(what(gap))}: {_text(gap['reason'])}"
    if len(gaps) > _SHOWN_GAPS:
        yield f"- and {len(gaps) - _SHOWN_GAPS:,} more"
    yield from ("", "</details>")


def _text(text: str) -> str:
    """Write a template's text so that it is shown as it is: no markup, no links, no mentions."""
    return _SPECIAL.sub(r"\\\1", text.replace("\n", " ").replace("\r", " "))


def _code(text: str) -> str:
    """Write as code; a fence longer than any run of backticks inside keeps it one piece."""
    text = text.replace("\n", " ").replace("\r", " ")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"
