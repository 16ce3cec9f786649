"""Progress that waits: quiet where nobody looks, quiet while work is short."""

from __future__ import annotations

import io
import sys

import pytest

from constructs_lib.cli import late
from constructs_lib.cli.late import late_progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("patience", "terminal", "wanted", "shown"),
    [(-1, True, True, True), (3600, True, True, False), (-1, False, True, False), (-1, True, False, False)],
    ids=["long work", "short work", "no terminal", "not wanted"],
)
def test_progress_is_shown_only_for_long_work_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, patience: float, terminal: bool, wanted: bool, shown: bool
) -> None:
    """A short check neither flickers nor loads what draws."""
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(late, "_PATIENCE", patience)
    monkeypatch.setenv("TERM", "xterm")
    with late_progress("check", wanted=wanted) as tell:
        tell("orders.yaml")
    assert ("orders.yaml" in stream.getvalue()) == shown
