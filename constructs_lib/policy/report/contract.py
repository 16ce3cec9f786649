"""JSON: a contract with programs. ``contract.schema.json`` beside this module says what may stand where."""

from __future__ import annotations

import json

from constructs_lib import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.report.document import Document

FORMAT_VERSION = 1  # grows when a field changes its meaning or goes; new fields may come at any time


def render(document: Document) -> str:
    """Write one JSON document."""
    content = {
        "format": FORMAT_VERSION,
        "tool": {"name": "constructs-lib", "version": __version__},
        "findings": document.findings,
        "coverage": document.coverage,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
