"""Every rule, tested by the examples that it carries."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import constructs_lib.policy.rules as rules_package
from constructs_lib.policy import judge
from constructs_lib.policy.examples import graph_of
from constructs_lib.policy.rule import ERROR, NOTE, WARNING, Rule
from constructs_lib.policy.rules import ALL

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

EXAMPLES = {
    kind: [pytest.param(rule, name, id=f"{rule.id} {name}") for rule in ALL for name in getattr(rule, kind)]
    for kind in ("good", "bad", "undecided")
}


def _rendered(rule: Rule) -> str:
    """Write what the rule finds in each of its bad examples, as people will read it."""
    lines = []
    for name, example in rule.bad.items():
        lines.append(f"# {name}")
        for finding in judge(graph_of(example), [rule]):
            place = f"{finding.place.file}:{':'.join(map(str, finding.place.locate()))}"
            lines += [
                f"{place} {finding.severity} {finding.rule} {finding.place.resource.id}.{finding.place.property_path}",
                f"  path: {' -> '.join(finding.path)}",
                f"  {finding.message}",
                f"  {finding.fix}",
            ]
        lines.append("")
    return "\n".join(lines)


@pytest.mark.parametrize(("rule", "name"), EXAMPLES["bad"])
def test_bad_example_is_found(rule: Rule, name: str) -> None:
    """A bad example breaks its rule."""
    assert judge(graph_of(rule.bad[name]), [rule])


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_words_of_the_findings(rule: Rule, text_snapshot: SnapshotAssertion) -> None:
    """The findings on the bad examples read as reviewed."""
    assert _rendered(rule) == text_snapshot


@pytest.mark.parametrize(("rule", "name"), EXAMPLES["good"])
def test_good_example_is_silent(rule: Rule, name: str) -> None:
    """A good example keeps its rule, and no rule finds an error in it."""
    found = judge(graph_of(rule.good[name]))
    assert [finding for finding in found if finding.rule == rule.id or finding.severity == ERROR] == []


@pytest.mark.parametrize(("rule", "name"), EXAMPLES["undecided"])
def test_undecided_example_is_counted_not_found(rule: Rule, name: str) -> None:
    """What a rule cannot know gives no finding and shows in the coverage with its reason."""
    graph = graph_of(rule.undecided[name])
    assert judge(graph, [rule]) == []
    assert [gap.reason for gap in (*graph.coverage.unknowns, *graph.coverage.missed)] != []


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_rule_is_complete(rule: Rule) -> None:
    """A rule has an id, a name, a severity, documentation with its fixed sections, and both kinds of examples."""
    assert re.fullmatch(r"[A-Z][0-9]{3}", rule.id)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert rule.severity in {ERROR, WARNING, NOTE}
    assert rule.good
    assert rule.bad
    documentation = type(rule).__doc__ or ""
    assert "## Why is this bad?" in documentation
    assert "## What to do" in documentation


def test_ids_and_names_are_unique() -> None:
    """No two rules share an id or a name."""
    assert Counter(rule.id for rule in ALL).most_common(1)[0][1] == 1
    assert Counter(rule.name for rule in ALL).most_common(1)[0][1] == 1


def test_every_rule_file_is_registered() -> None:
    """A file under rules/ is named after its rule and stands in ALL."""
    files = {path.stem for path in Path(rules_package.__path__[0]).glob("[a-z][0-9]*.py")}
    assert files == {f"{rule.id.lower()}_{rule.name.replace('-', '_')}" for rule in ALL}


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_rules_that_are_left_out_would_find_nothing(rule: Rule) -> None:
    """Only rules about the types that occur are loaded, which changes neither findings nor coverage."""
    for example in (*rule.bad.values(), *rule.good.values(), *rule.undecided.values()):
        chosen, every = graph_of(example), graph_of(example)
        assert {found.key for found in judge(chosen)} == {found.key for found in judge(every, ALL)}
        for graph in (chosen, every):
            assert len(graph.edges) == graph.coverage.followed
        assert repr(chosen.coverage.missed) == repr(every.coverage.missed)
        assert set(map(repr, chosen.coverage.unknowns)) == set(map(repr, every.coverage.unknowns))


def test_fixes_start_with_a_verb_and_messages_end_with_a_full_stop() -> None:
    """A finding reads as a sentence, and its fix as an instruction."""
    for rule in ALL:
        for example in rule.bad.values():
            for finding in judge(graph_of(example), [rule]):
                assert finding.message.endswith(".")
                assert finding.fix.endswith(".")
                assert finding.fix[0].isupper()
