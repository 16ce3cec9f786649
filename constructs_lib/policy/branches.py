"""Stage 4, judge: what holds in one branch of an ``Fn::If`` alone.

A rule that compares two numbers names the condition by itself. One that puts many values together (the longest way through
a workflow, the key of a cache, the statements of a policy) reads what each of them certainly is, and is silent where that
depends on a condition. So every rule looks again at the system with each condition taken to hold, and taken not to.
One condition is tried at a time: what needs two of them at once is found only by rules that follow conditions themselves.
"""

from __future__ import annotations

from itertools import islice

from constructs_lib.policy.graph import Graph
from constructs_lib.policy.values.cases import merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from constructs_lib.policy.rule import Finding
    from constructs_lib.policy.values.cases import When

    Look = Callable[[Graph], Iterable[Finding]]
    Found = dict[tuple[object, ...], Finding]

_MOST = 8  # conditions that are tried; each takes two more looks at the system


class Branches:
    """The branches of a system: the graph with one condition taken to hold, or not to."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._worlds: dict[tuple[str, bool], Graph] = {}

    def findings(self, look: Look) -> list[Finding]:
        """List what a rule finds, with what it finds under one condition alone.

        What it finds anyway stays as it is, unless it is there in one of the two branches only: then the condition is
        named.
        """
        found = list(look(self.graph))
        for name in islice(tuple(self.graph.system.asked), _MOST):
            held, failed = (_by_key(look(self._world(name, wanted))) for wanted in (True, False))
            found = [_named(each, name, held, failed) for each in found]
            there = {each.key for each in found}
            for wanted, branch in ((True, held), (False, failed)):
                when = ((name, wanted),)
                new = [each for key, each in branch.items() if key not in there and self._occurs(each, when)]
                found += [each.given(when) for each in new]
                there.update(each.key for each in new)
        return found

    def _world(self, name: str, wanted: bool) -> Graph:
        world = self._worlds.get((name, wanted))
        if world is None:
            system = self.graph.system.assuming(name, wanted)
            world = Graph(system, self.graph.settings)
            world.waivers = self.graph.waivers
            if len(system.stacks) != len(self.graph.system.stacks):  # their numbers name the conditions
                world = self.graph
            self._worlds[name, wanted] = world
        return world

    def _occurs(self, finding: Finding, when: When) -> bool:
        """Tell whether all that a finding is about can be deployed under a condition."""
        own = finding.place.resource
        involved = [own, *filter(None, map(own.stack.resources.get, finding.path))]
        joined: When | None = when
        for each in (finding.when, *(resource.when for resource in involved)):
            joined = None if joined is None else self.graph.system.together(joined, each)
        return joined is not None


def _by_key(findings: Iterable[Finding]) -> Found:
    found: Found = {}
    for finding in findings:
        found.setdefault(finding.key, finding)
    return found


def _named(finding: Finding, name: str, held: Found, failed: Found) -> Finding:
    """Name the condition of a finding that one branch has and the other has not."""
    key = finding.key
    if (key in held) == (key in failed) or any(name == other for other, _ in finding.when):
        return finding
    when = merge(finding.when, ((name, key in held),))
    return (held if key in held else failed)[key].given(when or ())
