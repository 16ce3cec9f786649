"""Text for people: grouped, drawn, narrow, and nothing in it steers the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from constructs_lib.policy.report.text import Look, render
from constructs_lib.policy.rules import ALL
from tests.policy.report.systems import CLEAN, SHOP, document_of, nasty

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion


def test_words_of_the_report(text_snapshot: SnapshotAssertion) -> None:
    """The whole report reads as reviewed."""
    rules = [rule for rule in ALL if rule.id in {"T101", "Q301", "Q304", "D701"}]
    assert render(document_of(SHOP, rules=rules)) == text_snapshot


def test_a_path_is_drawn_with_wait_and_timeout() -> None:
    """Who waits how long for whom stands above the findings of that path."""
    assert "GET /orders ── 10 s ──▶ alias live ──▶ Orders (may run 14 s)" in render(document_of(SHOP))


def test_a_clean_system_says_so_and_what_was_seen() -> None:
    """No findings is a statement, and it says about what."""
    text = render(document_of(CLEAN))
    assert "no findings" in text
    assert "1 template: 0 edges followed" in text


def test_lines_fit_eighty_columns() -> None:
    """Nothing is wider than a terminal, but for places, which must stay whole to be clicked on."""
    wide = [line for line in render(document_of(SHOP)).splitlines() if len(line) > 80]
    assert [line for line in wide if "shop.yaml:" not in line] == []


def test_colours_only_where_they_are_understood() -> None:
    """A file or a pipe gets no escape sequence."""
    assert "\033" not in render(document_of(SHOP))
    assert "\033[1;31m" in render(document_of(SHOP), Look(colours=True))


def test_a_terminal_without_arrows_gets_others() -> None:
    """Where only ASCII can be shown, the paths are drawn with ASCII."""
    drawn = render(document_of(SHOP), Look(ascii_only=True))
    assert "GET /orders -- 10 s --> alias live --> Orders" in drawn


def test_a_template_cannot_steer_the_terminal() -> None:
    """Escape sequences in a template's text are shown as what they are not: text."""
    hostile = SHOP.replace("PathPart: orders", r'PathPart: "ord\x1b[2Jers\x07"')
    for look in (Look(), Look(colours=True)):
        text = re.sub(r"\033\[[0-9;]*m", "", render(document_of(hostile), look))
        assert "\033" not in text
        assert "\x07" not in text


def test_waived_findings_are_named_with_their_reason() -> None:
    """What was accepted stays visible."""
    text = render(document_of(SHOP))
    assert "Waived" in text
    assert "messages may be lost here" in text


def test_strange_names_are_shown() -> None:
    """A name with quotes and tags is a name."""
    assert "<script>" in render(document_of(nasty()))


TWO_TASKS = """\
Resources:
  Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 60}}
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      Definition:
        StartAt: Charge
        States:
          Charge: {Type: Task, Resource: !GetAtt Worker.Arn, TimeoutSeconds: 90, Next: Ship}
          Ship: {Type: Task, Resource: !GetAtt Worker.Arn, TimeoutSeconds: 30, End: true}
"""


def test_a_finding_stands_under_the_call_that_it_is_about() -> None:
    """Two tasks call one function: the one that gives up too early is the one that is drawn."""
    document = document_of(TWO_TASKS, rules=[rule for rule in ALL if rule.id == "W402"])
    assert [route.drawn() for route in document.routes] == ["Flow: Ship ── 30 s ──▶ Worker (may run 60 s)"]


def test_what_could_not_be_read_is_not_called_clean() -> None:
    """Nothing found in nothing read is no good news."""
    document = document_of()
    document.coverage["unreadable"].append("broken.yaml: is empty")
    text = render(document)
    assert "nothing was checked; 1 file not readable" in text
    assert "no findings" not in text
