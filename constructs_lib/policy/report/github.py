"""GitHub workflow commands: each finding becomes an annotation on the line that it points at."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.report.document import Document

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(document: Document) -> str:
    """Write one command for each finding that no waiver accepts, and for each file that could not be read."""
    lines = [_command(finding) for finding in document.findings if finding["waived"] is None]
    lines += [f"::error title=not readable::{_data(text)}" for text in document.coverage["unreadable"]]
    return "".join(f"{line}\n" for line in lines)


def _command(finding: dict[str, Any]) -> str:
    place = f"file={_property(finding['file'])},line={finding['line']},col={finding['column']}"
    title = _property(f"{finding['rule']} {finding['logical_id']}")
    text = _data(f"{finding['message']}\n{finding['fix']}")
    return f"::{_COMMANDS[finding['severity']]} {place},title={title}::{text}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
