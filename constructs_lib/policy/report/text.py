"""Text for people: findings by path through the system, then what was seen and what was not."""

from __future__ import annotations

import textwrap

from constructs_lib.policy.report.document import SEVERITIES, counted, what, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.report.document import Document, Route

    Group = tuple[str, Route, list[dict[str, Any]]]

_SHOWN_GAPS = 15  # more would push the findings off the screen; JSON lists them all
_CODES = {"error": "1;31", "warning": "33", "note": "36", "bold": "1", "dim": "2", "good": "32"}


class Look:
    """How a terminal takes text.

    Args:
        colours: it understands colours.
        width: its columns.
        ascii_only: it cannot show arrows.
    """

    __slots__ = ("ascii_only", "colours", "width")

    def __init__(self, *, colours: bool = False, width: int = 80, ascii_only: bool = False) -> None:
        self.colours, self.width, self.ascii_only = colours, width, ascii_only

    def paint(self, text: str, code: str) -> str:
        """Colour a text, where colours are understood."""
        return f"\033[{_CODES[code]}m{text}\033[0m" if self.colours else text

    def wrapped(self, text: str, indent: str) -> list[str]:
        """Break a text into lines that fit; words that do not are left whole, so that they can be copied."""
        return textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )


def render(document: Document, look: Look | None = None) -> str:
    """Write the report."""
    look = look or Look()
    lines: list[str] = []
    for file, route, findings in _groups(document):
        lines += _heading(file, route, look)
        for finding in findings:
            lines += ["", *_finding(finding, look)]
        lines.append("")
    lines += [*_waived(document, look), *_coverage(document, look), *_summary(document, look)]
    return printable("\n".join(lines)) + "\n"


def printable(text: str) -> str:
    """Leave out what would steer the terminal: a template's text is data, and escape sequences are not text."""
    allowed = "\n\033"
    return "".join(char if char in allowed or char.isprintable() else "\ufffd" for char in text)


def _groups(document: Document) -> list[Group]:
    """Group the findings by file and path, the gravest group first."""
    groups: dict[tuple[str, tuple[str, ...]], Group] = {}
    for finding, route in zip(document.findings, document.routes, strict=True):
        if finding["waived"] is None:
            key = (finding["file"], (*finding["path"], *route.steps))
            groups.setdefault(key, (finding["file"], route, []))[2].append(finding)
    for _, _, findings in groups.values():
        findings.sort(key=_gravity)
    return sorted(groups.values(), key=lambda group: _gravity(group[2][0]))


def _gravity(finding: dict[str, Any]) -> int:
    return SEVERITIES.index(finding["severity"])


def _heading(file: str, route: Route, look: Look) -> Iterator[str]:
    drawn = route.drawn(ascii_only=look.ascii_only)
    for number, line in enumerate(look.wrapped(_clean(drawn), "")):
        yield look.paint(f"  {line}" if number else line, "bold")
    if len(route.steps) == 1:
        yield look.paint(_clean(file), "dim")


def _finding(finding: dict[str, Any], look: Look) -> Iterator[str]:
    severity = finding["severity"]
    title = look.paint(f"{severity} {finding['rule']}", severity)
    yield f"  {title}  {_clean(where(finding))}"
    yield look.paint(f"    {_clean(what(finding))}", "dim")
    yield from look.wrapped(_clean(finding["message"]), "    ")
    fix = look.wrapped(_clean(f"Fix: {finding['fix']}"), "    ")
    yield look.paint("    Fix:", "good") + fix[0].removeprefix("    Fix:")
    yield from fix[1:]


def _waived(document: Document, look: Look) -> Iterator[str]:
    if document.waived:
        yield look.paint("Waived", "bold")
        for finding in document.findings:
            if finding["waived"] is not None:
                yield f"  {finding['rule']}  {_clean(where(finding))}  {_clean(what(finding))}"
                yield from look.wrapped(_clean(finding["waived"]), "    ")
        yield ""


def _coverage(document: Document, look: Look) -> Iterator[str]:
    coverage = document.coverage
    yield look.paint("Coverage", "bold")
    seen = [counted(coverage["templates"], "template")]
    if coverage["systems"] > 1:
        seen.append(f"{coverage['systems']:,} systems")
    yield f"  {', '.join(seen)}: {counted(coverage['edges_followed'], 'edge')} followed"
    yield from _gaps("not followed", coverage["not_followed"], look)
    yield from _gaps("not decided", coverage["undecided"], look)
    if coverage["unreadable"]:
        yield look.paint(f"  {len(coverage['unreadable']):,} not readable:", "error")
        for message in coverage["unreadable"]:
            yield from look.wrapped(_clean(message), "    ")
    yield ""


def _gaps(verb: str, gaps: list[dict[str, Any]], look: Look) -> Iterator[str]:
    if not gaps:
        return
    yield f"  {len(gaps):,} {verb}:"
    for gap in gaps[:_SHOWN_GAPS]:
        yield f"    {_clean(where(gap))}  {_clean(what(gap))}"
        yield from look.wrapped(_clean(gap["reason"]), "      ")
    if len(gaps) > _SHOWN_GAPS:
        yield f"    and {len(gaps) - _SHOWN_GAPS:,} more; --format json lists all"


def _summary(document: Document, look: Look) -> Iterator[str]:
    code = "good" if document.is_good else "error"
    yield look.paint(document.summary, code)
    first = next((found["rule"] for found in document.findings if found["waived"] is None), None)
    if first:
        yield look.paint(f"what a rule means: constructs-lib explain {first}", "dim")


def _clean(text: str) -> str:
    """Take escape characters out of a template's text, before colours are put in."""
    return text.replace("\033", "\ufffd").replace("\n", " ")
