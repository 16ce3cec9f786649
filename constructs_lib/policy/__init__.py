"""The policy: proves on templates that a system's waits, capacity and failure paths fit together.

Each stage takes what the one before it made, and nothing else, so that each can be read, tested and replaced on its own:

1. **Read** (:mod:`.template`). From files, directories, globs and cloud assemblies to :class:`Template`: plain data, and
   where each part of it stands. SAM is transformed, nested stacks are attached. A file that cannot be read becomes a
   :class:`~constructs_lib.errors.TemplateError` and the others go on. Nothing is run, nothing is fetched, and a template
   leads to no file outside of its own folder and the working directory.
2. **Resolve** (:mod:`.values`). From what a template says to what a value may be: a few cases, each known, absent or
   unknown, each with the conditions that lead to it. Parameters, exports and nested stacks join the templates into one
   :class:`System`. It never raises on what a template holds.
3. **Model** (:mod:`.graph`, :mod:`.edges`). From resources to who invokes whom: functions with their numbers, edges with
   how long each caller waits and the hops between. What could not be followed is kept with its reason.
4. **Judge** (:mod:`.rule`, :mod:`.rules`). Each rule reads the graph and yields findings. Rules know nothing of files,
   of each other or of waivers, and fire only on what is known. What holds in one branch of an ``Fn::If`` alone is found
   by asking them again for each branch (:mod:`.branches`).
5. **Waive** (:mod:`.waivers`). Findings that somebody accepts are marked, with the reason, and stay in the report. Waivers
   that have expired, are refused or accept nothing are findings too.
6. **Report** (:class:`Report`): findings, unreadable files, coverage. Formats and baselines start from it.

The price of the stages: a new service is an ``edges`` module and the rules that use it, two places instead of one. In
return no rule ever looks at an intrinsic function.
"""

from __future__ import annotations

from functools import partial

from constructs_lib.errors import RuleError, TemplateError
from constructs_lib.policy.branches import Branches
from constructs_lib.policy.graph import Graph
from constructs_lib.policy.settings import Settings
from constructs_lib.policy.template import Template, read
from constructs_lib.policy.values import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from constructs_lib.policy.coverage import Coverage
    from constructs_lib.policy.rule import Finding, Rule, Severity

__all__ = ["Report", "check", "check_systems", "check_templates", "judge"]


class Report:
    """What a check found.

    Attributes:
        findings: in the order of files and rules.
        unreadable: one error for each file that could not be read, and for each rule that failed.
        graphs: what was judged, one for each system.
        templates: how many templates were read.
    """

    __slots__ = ("findings", "graphs", "templates", "unreadable")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.unreadable: list[TemplateError | RuleError] = []
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
    whole = Report()
    for report in check_systems(paths, settings, rules=rules, each=each):
        whole.templates += report.templates
        whole.findings += report.findings
        whole.unreadable += report.unreadable
        whole.graphs += report.graphs
    return whole


def check_systems(
    paths: Iterable[str],
    settings: Settings | None = None,
    *,
    rules: Sequence[Rule] | None = None,
    each: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Report]:
    """Check templates system by system, so that whoever takes the reports need not keep what they were made from.

    Args:
        paths: as for :func:`check`.
        settings: as for :func:`check`.
        rules: as for :func:`check`.
        each: as for :func:`check`.
        tell: is told the name of each file before it is judged.

    Yields:
        A report for each system, and one for what belongs to none: unreadable files, waivers in the settings.
    """
    settings = settings or Settings()
    rest = Report()
    together: list[Template] = []
    for item in read(paths):
        if isinstance(item, TemplateError):
            rest.unreadable.append(item)
            continue
        tell(item.file)
        if each:
            yield _check_system([item], settings, rules)
        else:
            together.append(item)
    if together:
        yield _check_system(together, settings, rules)
    rest.findings += _about_waivers(settings, rules)
    yield rest


def check_templates(
    templates: Sequence[Template], settings: Settings | None = None, *, rules: Sequence[Rule] | None = None
) -> Report:
    """Check templates that have been read already, as one system."""
    settings = settings or Settings()
    report = _check_system(templates, settings, rules)
    report.findings += _about_waivers(settings, rules)
    return report


def _check_system(templates: Sequence[Template], settings: Settings, rules: Sequence[Rule] | None) -> Report:
    report = Report()
    report.templates = len(templates)
    graph = Graph(System(templates, settings.parameters), settings)
    report.graphs.append(graph)
    report.findings += judge(graph, rules, failed=report.unreadable)
    return report


def judge(
    graph: Graph,
    rules: Sequence[Rule] | None = None,
    *,
    failed: list[TemplateError | RuleError] | None = None,
) -> list[Finding]:
    """Apply rules to a graph, and its waivers; the same finding under several conditions counts once.

    A rule that raises is a defect. With ``failed`` it is noted there, and the other rules go on; without, it raises.
    """
    waivers = [*graph.waivers, *graph.settings.waivers]
    found: dict[tuple[object, ...], Finding] = {}
    if rules is None:
        from constructs_lib.policy.rules import rules_about  # noqa: PLC0415 - reading templates needs no rules

        rules = rules_about(graph.types, waivers=bool(waivers))
    branches = Branches(graph)
    for rule, severity in _enabled(graph.settings, rules):
        for finding in branches.findings(partial(_findings, rule, failed=failed)):
            if found.setdefault(finding.key, finding) is not finding:
                continue
            finding.severity = severity or finding.severity
            if waivers:
                from constructs_lib.policy.waivers import accept  # noqa: PLC0415 - few systems have any

                accept(finding, waivers)
    return list(found.values())


def _findings(rule: Rule, graph: Graph, failed: list[TemplateError | RuleError] | None) -> Iterator[Finding]:
    try:
        yield from rule.check(graph)
    except Exception as error:
        if failed is None:
            raise
        files = ", ".join(dict.fromkeys(stack.template.file for stack in graph.system.stacks))
        said = f"rule {rule.id} failed with {type(error).__name__}: {error}"
        text = f"{files}: {said}; this is a defect of constructs-lib, please report it"
        if text not in map(str, failed):  # in each branch of a condition, it fails again
            failed.append(RuleError(text))


def _about_waivers(settings: Settings, rules: Sequence[Rule] | None) -> list[Finding]:
    """Judge the waivers of the settings, once all systems have been judged."""
    found: list[Finding] = []
    if rules is None and settings.waivers:
        from constructs_lib.policy.rules import rules_about  # noqa: PLC0415 - few settings have any

        rules = rules_about((), waivers=True)
    for rule, severity in _enabled(settings, rules or ()) if settings.waivers else ():
        for finding in rule.check_waivers(settings.waivers):
            finding.severity = severity or finding.severity
            found.append(finding)
    return found


def _enabled(settings: Settings, rules: Sequence[Rule]) -> Iterator[tuple[Rule, Severity | None]]:
    """List the rules that are switched on, each with the severity that the settings give it, if any."""
    for rule in rules:
        severity = settings.severities.get(rule.id)
        if severity != "off":
            yield rule, severity  # type: ignore[misc]
