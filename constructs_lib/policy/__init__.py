"""The policy: proves on templates that a system's waits, capacity and failure paths fit together.

Each stage takes what the one before it made, and nothing else, so that each can be read, tested and replaced on its own:

1. **Read** (:mod:`.template`). From files, directories, globs and cloud assemblies to :class:`Template`: plain data, and
   where each part of it stands. SAM is transformed, nested stacks are attached. A file that cannot be read becomes a
   :class:`~constructs_lib.errors.TemplateError` and the others go on. Nothing is run, nothing is fetched.
2. **Resolve** (:mod:`.values`). From what a template says to what a value may be: a few cases, each known, absent or
   unknown, each with the conditions that lead to it. Parameters, exports and nested stacks join the templates into one
   :class:`System`. It never raises on what a template holds.
3. **Model** (:mod:`.graph`, :mod:`.edges`). From resources to who invokes whom: functions with their numbers, edges with
   how long each caller waits and the hops between. What could not be followed is kept with its reason.
4. **Judge** (:mod:`.rule`, :mod:`.rules`). Each rule reads the graph and yields findings. Rules know nothing of files,
   of each other or of waivers, and fire only on what is known.
5. **Report** (:class:`Report`): findings, unreadable files, coverage. Waivers and formats start from it.

The price of the stages: a new service is an ``edges`` module and the rules that use it, two places instead of one. In
return no rule ever looks at an intrinsic function.
"""

from __future__ import annotations

from constructs_lib.errors import TemplateError
from constructs_lib.policy.graph import Graph
from constructs_lib.policy.settings import Settings
from constructs_lib.policy.template import Template, read
from constructs_lib.policy.values import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from constructs_lib.policy.coverage import Coverage
    from constructs_lib.policy.rule import Finding, Rule

__all__ = ["Report", "check", "check_templates", "judge"]


class Report:
    """What a check found.

    Attributes:
        findings: in the order of files and rules.
        unreadable: one error for each file that could not be read.
        graphs: what was judged, one for each system.
        templates: how many templates were read.
    """

    __slots__ = ("findings", "graphs", "templates", "unreadable")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.unreadable: list[TemplateError] = []
        self.graphs: list[Graph] = []
        self.templates = 0

    @property
    def coverage(self) -> list[Coverage]:
        """How much was seen, one entry for each system."""
        return [graph.coverage for graph in self.graphs]


def check(
    paths: Iterable[str],
    settings: Settings | None = None,
    *,
    rules: Sequence[Rule] | None = None,
    each: bool = False,
) -> Report:
    """Check templates.

    Args:
        paths: files, directories, globs, ``cdk.out`` directories, or ``-`` for standard input.
        settings: what the user set; the defaults if None.
        rules: the rules to apply; all of them if None.
        each: treat every file as a system of its own, for a folder of unrelated templates.

    Example:
        >>> check(["no-such-file.yaml"]).unreadable
        [TemplateError('no-such-file.yaml: there is no such file')]
    """
    report = Report()
    together: list[Template] = []
    for item in read(paths):
        if isinstance(item, TemplateError):
            report.unreadable.append(item)
            continue
        report.templates += 1
        if each:
            check_templates([item], settings, rules=rules, report=report)
        else:
            together.append(item)
    if together:
        check_templates(together, settings, rules=rules, report=report)
    return report


def check_templates(
    templates: Sequence[Template],
    settings: Settings | None = None,
    *,
    rules: Sequence[Rule] | None = None,
    report: Report | None = None,
) -> Report:
    """Check templates that have been read already, as one system."""
    settings = settings or Settings()
    report = report or Report()
    graph = Graph(System(templates, settings.parameters), settings)
    report.findings += judge(graph, rules)
    report.graphs.append(graph)
    return report


def judge(graph: Graph, rules: Sequence[Rule] | None = None) -> list[Finding]:
    """Apply rules to a graph; the same finding under several conditions counts once."""
    if rules is None:
        from constructs_lib.policy.rules import ALL  # noqa: PLC0415 - reading templates needs no rules

        rules = ALL
    found: dict[tuple[object, ...], Finding] = {}
    for rule in rules:
        severity = graph.settings.severities.get(rule.id)
        if severity == "off":
            continue
        for finding in rule.check(graph):
            if severity is not None:
                finding.severity = severity  # type: ignore[assignment]
            found.setdefault(finding.key, finding)
    return list(found.values())
