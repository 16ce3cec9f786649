"""The planted-fault benchmark's own machinery, and what ours finds in it; the peers run in ``make bench`` alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bench.faults import FAULTS, GOOD, Fault, System, good_system, news, planted
from constructs_lib.policy import check_templates
from constructs_lib.policy.rules import ALL
from constructs_lib.policy.template.template import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.rule import Finding

LEAST = 18


def _findings(system: System) -> list[Finding]:
    return check_templates(
        [parse(json.dumps(body), f"{name}.json") for name, body in system.items()]
    ).findings


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Flatten a template to its leaves; an empty list or mapping is a leaf too."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    children = list(items)
    if not children:
        yield path, value
    for key, child in children:
        yield from _leaves(child, (*path, key))


@pytest.fixture(scope="module")
def good() -> System:
    """Give the system in which everything fits."""
    return good_system()


def test_nothing_is_found_in_the_good_system(good: System) -> None:
    """Whatever is reported on it would be a false alarm."""
    assert _findings(good) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.rule} {fault.what}")
def test_each_planted_fault_is_found_by_its_rule(good: System, fault: Fault) -> None:
    """The rule that the fault is about reports it."""
    assert fault.rule in {finding.rule for finding in _findings(planted(fault, good))}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.rule} {fault.what}")
def test_twins_differ_in_the_planted_value_alone(good: System, fault: Fault) -> None:
    """Every leaf that differs lies below the planted place, at least one does, and the good system is left as it was."""
    before = json.dumps(good)
    bad = planted(fault, good)
    ours, theirs = dict(_leaves(good)), dict(_leaves(bad))
    differing = {path for path in ours | theirs if ours.get(path, ...) != theirs.get(path, ...)}
    place = (fault.template, "Resources", *fault.keys)
    assert differing
    assert all(path[: len(place)] == place for path in differing)
    assert json.dumps(good) == before


def test_faults_are_many_and_different() -> None:
    """No fault counts twice, each names a rule that exists, and there are enough of them."""
    assert len({(fault.template, fault.at, str(fault.value)) for fault in FAULTS}) == len(FAULTS) >= LEAST
    assert {fault.rule for fault in FAULTS} <= {rule.id for rule in ALL}


def test_what_a_checker_says_of_both_twins_does_not_count() -> None:
    """Only what is new on the bad twin is a find; noise on the good one is none."""
    fault, noise = FAULTS[0], ("NOISE", "Orders")
    good, bad = f"{GOOD}-{fault.template}", f"bad0-{fault.template}"
    assert news({good: {noise}, bad: {noise}}, fault, 0) == set()
    assert news({good: {noise}, bad: {noise, ("E3505", "Mapping")}}, fault, 0) == {"E3505"}
