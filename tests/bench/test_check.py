"""How the benchmark of ``constructs-lib check`` counts its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import check, checkers

if TYPE_CHECKING:
    from pathlib import Path


def test_runs_that_others_held_up_do_not_count() -> None:
    """A run that got half a core says nothing about the checker."""
    quiet, held_up = check.Run(0.10, 0.10, 20), check.Run(0.20, 0.10, 20)
    assert check.typical([held_up, quiet, held_up]) == quiet


def test_all_runs_count_when_all_were_held_up() -> None:
    """A busy machine gives a worse figure, not none."""
    assert check.typical([check.Run(0.2, 0.1, 20), check.Run(0.4, 0.1, 30)]).seconds == pytest.approx(0.3)


def test_a_checker_that_cannot_run_is_no_fast_checker(tmp_path: Path) -> None:
    """Ours has to read the file: an error stops the benchmark."""
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(SystemExit, match=r"failed on broken\.json"):
        check.run(checkers.OURS, broken)


def test_without_the_corpus_the_row_says_how_to_measure_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not measured has no verdict."""
    monkeypatch.delenv(check.CORPUS, raising=False)
    (figure,) = check.corpus()
    assert figure.met is None
    assert check.CORPUS in figure.ours
