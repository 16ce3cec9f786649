"""The same findings, in the same words and order, however a template or a command line is ordered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.policy import judge
from constructs_lib.policy.examples import graph_of
from constructs_lib.policy.graph import Graph
from constructs_lib.policy.rules import ALL
from constructs_lib.policy.template.template import parse
from constructs_lib.policy.values import System

if TYPE_CHECKING:
    import random

EXAMPLES = [
    (f"{rule.id} {name}", [stack.template.data for stack in graph_of(example).system.stacks])
    for rule in ALL
    for name, example in (*rule.bad.items(), *rule.good.items())
]
SECTIONS = ("Parameters", "Conditions", "Mappings", "Resources", "Outputs")


def _said(files: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Judge templates as one system; give all that is said but the lines, which do move."""
    graph = Graph(System([parse(json.dumps(data), name) for name, data in files]))
    findings = [finding.as_dict() for finding in judge(graph)]
    coverage = [repr(gap) for gap in (*graph.coverage.missed, *graph.coverage.unknowns)]
    return [{**each, "line": 0, "column": 0} for each in findings] + [{"coverage": coverage}]


@given(st.sampled_from(EXAMPLES), st.randoms(use_true_random=False))
def test_order_of_resources_and_files_changes_nothing(
    example: tuple[str, list[dict[str, Any]]], shuffle: random.Random
) -> None:
    """Resources, mappings, conditions and files may come in any order: the report is the same."""
    files = [(f"{number}.json", data) for number, data in enumerate(example[1])]
    shuffled = [
        (name, {key: _shuffled(shuffle, key, body) for key, body in data.items()}) for name, data in files
    ]
    shuffle.shuffle(shuffled)
    assert _said(shuffled) == _said(files)


def _shuffled(shuffle: random.Random, section: str, body: Any) -> Any:
    if section not in SECTIONS or not isinstance(body, dict):
        return body
    items = list(body.items())
    shuffle.shuffle(items)
    return dict(items)
