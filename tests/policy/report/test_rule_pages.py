"""The documentation of the rules is made from the rules, and is what it would be if it were made now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from constructs_lib.cli import main
from constructs_lib.cli.rules import pages
from constructs_lib.policy.report.rule_page import Page
from constructs_lib.policy.rules import ALL

if TYPE_CHECKING:
    from constructs_lib.policy.rule import Rule

DOCS = Path(__file__).parents[3] / "docs" / "rules"


def test_pages_are_up_to_date() -> None:
    """Whoever changes a rule writes its page again: constructs-lib rules --write docs/rules."""
    written = {path.name: path.read_text("utf-8") for path in DOCS.glob("*.md")}
    wanted = pages()
    assert sorted(written) == sorted(wanted)
    assert [name for name in wanted if written[name] != wanted[name]] == []


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_a_page_says_all_that_a_rule_knows(rule: Rule) -> None:
    """Harm, why, what to do, severity, every example by its name, every fact with its source."""
    text = Page(rule).markdown()
    assert f"# {rule.id} {rule.name}" in text
    assert f"**{rule.severity}**" in text
    for heading in ("## Why is this bad?", "## What to do", "## Found"):
        assert heading in text
    for examples in (rule.bad, rule.good, rule.undecided):
        for name in examples:
            assert f"{name[:1].upper()}{name[1:]}:" in text
    assert all(fact.source in text for fact in rule.limits)


def test_writing_takes_out_the_pages_of_rules_that_are_no_more(tmp_path: Path) -> None:
    """Pages that people wrote stay."""
    for name in ("T999.md", "notes.md"):
        (tmp_path / name).write_text("old")
    assert main(["rules", "--write", str(tmp_path)]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert "T999.md" not in names
    assert "notes.md" in names
    assert "T101.md" in names
