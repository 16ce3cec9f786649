"""Rules on templates that hold the wrong thing somewhere: no rule raises, whatever stands where."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from constructs_lib.policy import judge
from constructs_lib.policy.examples import graph_of
from constructs_lib.policy.graph import Graph
from constructs_lib.policy.rules import ALL
from constructs_lib.policy.template.template import parse
from constructs_lib.policy.values import System

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]
WRONG: list[Any] = [
    None, True, -1, 1e300, "", "x", "\u0000", [], [None], {}, {"a": None},
    {"Ref": "Nobody"}, {"Ref": "AWS::NoValue"}, {"Fn::If": ["Nobody", 1, [2]]}, {"Fn::GetAtt": ["Nobody"]},
    {"Fn::FindInMap": [{}, "a", 1]}, {"Fn::Select": [9, ["a"]]},
]  # fmt: skip


def _templates() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for rule in ALL:
        for name, example in (*rule.bad.items(), *rule.good.items()):
            stacks = graph_of(example).system.stacks
            found += [(f"{rule.id} {name}", stack.template.data) for stack in stacks]
    return found


TEMPLATES = _templates()


def _paths(data: object, path: Path = ()) -> Iterator[Path]:
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, inner in entries:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_rule_raises_on_wrong_types(data: st.DataObject) -> None:
    """An example with something else in one or two of its places is judged, and its findings can be reported."""
    _, original = data.draw(st.sampled_from(TEMPLATES))
    template = copy.deepcopy(original)
    for _ in range(data.draw(st.integers(1, 2))):
        paths = [
            path for path in _paths(template.get("Resources")) if len(path) > 1 and path[1:] != ("Type",)
        ]
        if not paths:
            break
        *above, last = data.draw(st.sampled_from(paths))
        place: Any = template["Resources"]
        for key in above:
            place = place[key]
        place[last] = copy.deepcopy(data.draw(st.sampled_from(WRONG)))
    graph = Graph(System([parse(json.dumps(template), "template.json")]))
    for finding in judge(graph):
        assert finding.as_dict()["message"]
