"""What the reader's terminal takes: colours, columns, arrows."""

from __future__ import annotations

import os

from constructs_lib.policy.report.text import Look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_WIDEST = 110  # longer lines are hard to read, however wide the window is


def look_of(stream: TextIO) -> Look:
    """Ask a stream what it takes; ``NO_COLOR`` and ``TERM=dumb`` are respected."""
    terminal = stream.isatty()
    return Look(
        colours=terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        width=_columns(stream) if terminal else 80,
        ascii_only=not _takes_arrows(stream.encoding),
    )


def _columns(stream: TextIO) -> int:
    try:
        return max(40, min(os.get_terminal_size(stream.fileno()).columns, _WIDEST))
    except OSError:
        return 80


def _takes_arrows(encoding: str) -> bool:
    try:
        "─▶".encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
