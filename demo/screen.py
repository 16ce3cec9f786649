"""What is shown: headings, tables and progress; a spinner on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NARROWEST, WIDEST = 80, 100  # columns
_COUNTED = re.compile(r"(?P<stack>\S+): (?P<done>\d+)/(?P<all>\d+) ")


class Screen:
    """What a person sees: lines of at most 100 columns, and none that needs more than 80.

    Args:
        console: where to; standard output by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._console.width = min(self._console.width, WIDEST)

    def heading(self, text: str) -> None:
        """Begin a chapter."""
        self._console.print()
        self._console.rule(Text(text, "bold"), align="left", characters="─")

    def say(self, text: str, style: str = "") -> None:
        """Print a sentence, or lines that stand as they are."""
        self._console.print(Text(text, style))

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()
    ) -> None:
        """Print a table; the columns named in ``numbers`` are aligned to the right."""
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print(table)

    @contextlib.contextmanager
    def working(self, what: str) -> Iterator[Callable[[str], None]]:
        """Show that something takes a while; gives the function that says how far it is."""
        if not self._console.is_terminal:
            self.say(f"{what} ...")
            yield self._tell_milestones()
            return
        with self._console.status(Text(what)) as status:

            def tell(detail: str) -> None:
                line = Text(f"{what}: {detail}")
                line.truncate(self._console.width - 4, overflow="ellipsis")
                status.update(line)

            yield tell

    def _tell_milestones(self) -> Callable[[str], None]:
        """Say every quarter of a deployment, not every resource of it."""
        told = set()

        def tell(detail: str) -> None:
            counted = _COUNTED.match(detail)
            if counted is None:
                self.say(f"  {detail}")
                return
            stack, done, all_ = counted["stack"], int(counted["done"]), int(counted["all"])
            quarter = (stack, 4 * done // all_)
            if done and quarter not in told:
                told.add(quarter)
                self.say(f"  {stack}: {done} of {all_} resources")

        return tell
