"""The work of a check grows with the number of resources, not with its square: counted in calls, so that it never flickers."""

from __future__ import annotations

import cProfile
import json
import pstats
import re
from typing import TYPE_CHECKING, Any

from constructs_lib.policy import check_templates
from constructs_lib.policy.rules import ALL
from constructs_lib.policy.template.template import Template, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW, MANY = 8, 16
LEAST = 60


def _examples() -> Iterator[dict[str, Any]]:
    """List the first bad example of each rule, as resources; those of waivers are compared with every finding by design."""
    for rule in ALL:
        text = next(iter(rule.bad.values()))
        if rule.id[0] == "V" or re.search(r"(?m)^(---$|Resources:)", text):
            continue
        yield parse("Resources:\n" + re.sub("(?m)^", "  ", text), "example.yaml").data["Resources"]


def _copies(times: int) -> Template:
    """Put copies of all examples into one template, each copy under names of its own."""
    resources: dict[str, Any] = {}
    for example, body in enumerate(_examples()):
        names = re.compile(rf"(?<![\w:/.-])({'|'.join(sorted(body, key=len, reverse=True))})(?![\w-])")
        text = json.dumps(body)
        for copy in range(times):
            renamed = names.sub(rf"\g<1>E{example}N{copy}", text)
            resources |= json.loads(renamed)
    return parse(json.dumps({"Resources": resources}), "system.json")


def _calls(template: Template) -> int:
    profile = cProfile.Profile()
    report = profile.runcall(check_templates, [template])
    assert report.findings
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def test_twice_the_system_takes_twice_the_work() -> None:
    """No rule and no edge goes through all resources of a type for each of them."""
    assert sum(1 for _ in _examples()) >= LEAST
    few, many = _copies(FEW), _copies(MANY)
    assert _calls(many) <= 2.1 * _calls(few)
