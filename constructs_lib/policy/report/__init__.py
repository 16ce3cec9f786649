"""Stage 5, report: what was found, in the form that its reader needs.

``document``      everything a report says, as plain data; every format starts from it
``picture``       a graph as plain data: functions, edges, how long each waits
``text``          for people in a terminal
``contract``      JSON, for programs; its schema is ``contract.schema.json``
``sarif``         SARIF 2.1.0, for code scanning
``junit``         JUnit XML, for test dashboards
``github``        GitHub workflow commands: annotations on a pull request
``markdown``      for comments and job summaries
``page``          one HTML file with pictures
``rule_page``     what a rule says of itself, for ``explain`` and for the documentation

A format is a module with ``render(document)``, which gives the text whole or piece by piece; it is loaded only when
somebody asks for it.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.report.document import Document

FORMATS = {
    "text": "text",
    "json": "contract",
    "sarif": "sarif",
    "junit": "junit",
    "github": "github",
    "markdown": "markdown",
    "html": "page",
}
"""Each format that a user can ask for, and the module that writes it."""


def render(document: Document, form: str) -> Iterator[str]:
    """Write a document in one of the :data:`FORMATS`, piece by piece: a page about a thousand systems is large."""
    text: str | Iterator[str] = import_module(f"{__name__}.{FORMATS[form]}").render(document)
    yield from (text,) if isinstance(text, str) else text
