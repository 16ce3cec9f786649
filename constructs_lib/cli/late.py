"""Progress that appears only once work has taken a second: short runs neither flicker nor load rich."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_PATIENCE = 1.0  # seconds


class late_progress:  # noqa: N801 - used like a function; contextlib would take longer to load than it saves
    """Show on standard error what is being done, if that is a terminal.

    Args:
        what: the work's name.
        wanted: False shows nothing.
    """

    def __init__(self, what: str, *, wanted: bool = True) -> None:
        self._what, self._wanted = what, wanted and sys.stderr.isatty()
        self._started = time.monotonic()
        self._shown: AbstractContextManager[Callable[[str], None]] | None = None
        self._show: Callable[[str], None] = lambda _: None

    def __enter__(self) -> Callable[[str], None]:
        """Give the function that tells the next step."""
        return self._tell

    def __exit__(self, *error: object) -> None:
        """Take away what was shown."""
        if self._shown:
            self._shown.__exit__(None, None, None)

    def _tell(self, step: str) -> None:
        if self._wanted and self._shown is None and time.monotonic() - self._started > _PATIENCE:
            from constructs_lib.cli.progress import progress  # noqa: PLC0415 - rich takes longer to load than most checks

            self._shown = progress(self._what)
            self._show = self._shown.__enter__()
        self._show(step)
