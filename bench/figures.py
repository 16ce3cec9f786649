"""What a benchmark gives, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One published number: what was measured, against whom, and the bar it has to meet.

    ``ratio`` is ours divided by the peer's, the median over pairs that ran next to each other.
    """

    what: str
    ours: str
    peer: str
    ratio: str
    bar: str
    met: bool | None  # None: shown for comparison, without a bar


def table(title: str, figures: list[Figure]) -> Table:
    """Lay figures out, one a line."""
    from rich.table import Table  # noqa: PLC0415 - the peer's environment has none

    made = Table(title=title, title_justify="left", show_edge=False)
    for heading in ("what", "ours", "peer", "ratio", "bar", ""):
        made.add_column(heading, justify="left" if heading == "what" else "right")
    for figure in figures:
        verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
        made.add_row(figure.what, figure.ours, figure.peer, figure.ratio, figure.bar, verdict)
    return made
