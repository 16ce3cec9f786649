"""HTML: one file that shows the system, how long each caller waits, and what breaks.

``markup``      elements whose text cannot become markup
``layout``      where the nodes of a map stand
``system_map``  who invokes whom, as a picture and as a table
``waits``       one path's waits to scale, as nested bars and as a table
``parts``       findings, filters and coverage

Nothing is loaded from anywhere: style and script stand in the file, and its content security policy allows nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import os

from constructs_lib import __version__
from constructs_lib.policy.report.page.markup import Markup, el, join
from constructs_lib.policy.report.page.parts import coverage, filters, system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.report.document import Document

_HERE = os.path.dirname(__file__)


def render(document: Document) -> Iterator[str]:
    """Write the page, system by system."""
    style, script = _file("style.css"), _file("page.js")
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", f"Waits: {document.summary}"),
        el("style", Markup(style)),
    )
    skip = el("a", "Skip to the findings", href="#main", class_="skip")
    yield join(Markup('<!doctype html>\n<html lang="en">'), head, Markup("<body>"), skip, _patterns())
    yield join(_header(document), Markup('<main id="main">'))
    for number in range(len(document.pictures)):
        yield system(document, number)
    yield join(coverage(document), Markup("</main>"), el("footer", f"constructs-lib {__version__}"))
    yield join(el("script", Markup(script)), Markup("</body></html>\n"))


def _header(document: Document) -> Markup:
    templates, files = document.coverage["templates"], document.files
    title = el("h1", "Do the waits fit together?")
    verdict = el("p", document.summary, class_="verdict good" if document.is_good else "verdict bad")
    shown = ", ".join(files[:3]) + (f" and {len(files) - 3:,} more" if len(files) > 3 else "")  # noqa: PLR2004
    about = el("p", f"{templates:,} template{'' if templates == 1 else 's'}: {shown}", class_="files")
    return el("header", title, verdict, *([about] if files else []), filters(document))


def _patterns() -> Markup:
    """Define once what the bars are hatched with."""
    stripes = el("path", d="M0 6L6 0M-1.5 1.5L1.5 -1.5M4.5 7.5L7.5 4.5", class_="stripe")
    pattern = el("pattern", stripes, id="over", width="6", height="6", patternUnits="userSpaceOnUse")
    arrow = el("path", d="M0 0L8 4L0 8z", class_="arrowhead")
    marker = el(
        "marker", arrow, id="arrow", markerWidth="8", markerHeight="8", refX="8", refY="4", orient="auto",
        markerUnits="userSpaceOnUse",
    )  # fmt: skip
    return el(
        "svg", el("defs", join(pattern, marker)), width="0", height="0", aria_hidden="true", class_="defs"
    )


def _file(name: str) -> str:
    with open(os.path.join(_HERE, name), encoding="utf-8") as file:
        return file.read()


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
