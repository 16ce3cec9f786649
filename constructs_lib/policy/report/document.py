"""Everything a report says, as plain data: every format starts from here.

Systems are added one after the other, and nothing of their templates is kept, so that a folder of thousands takes no more
memory than its findings.
"""

from __future__ import annotations

from constructs_lib.policy.report.picture import amount, edge_data, picture, steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from constructs_lib.policy import Report
    from constructs_lib.policy.coverage import Gap
    from constructs_lib.policy.graph import Edge, Graph
    from constructs_lib.policy.rule import Finding

SEVERITIES = ("error", "warning", "note")


class Route:
    """A path through the system, drawn: ``GET /orders ──10 s──▶ alias live ──▶ Orders (60 s)``.

    Attributes:
        steps: the names of what is on it.
        waits, runs: how long its caller waits and its function may run, for people.
        edge: which edge of its system's picture it is, or None.
    """

    __slots__ = ("edge", "runs", "steps", "waits")

    def __init__(
        self, names: list[str], waits: str | None = None, runs: str | None = None, edge: int | None = None
    ) -> None:
        self.steps, self.waits, self.runs, self.edge = names, waits, runs, edge

    def drawn(self, *, ascii_only: bool = False) -> str:
        """Write it as one line."""
        dash, head = ("-", ">") if ascii_only else ("─", "▶")
        first, *others = self.steps
        arrows = [f" {dash * 2} {self.waits} {dash * 2}{head} " if self.waits else f" {dash * 2}{head} "]
        arrows += [f" {dash * 2}{head} "] * len(others)
        line = first + "".join(arrow + name for arrow, name in zip(arrows, others, strict=False))
        return f"{line} (may run {self.runs})" if self.runs else line


class Document:
    """What a check found and saw.

    Args:
        strict: warnings fail too.
        pictures: keep each system's picture, for formats that draw it.

    Attributes:
        findings: as :meth:`Finding.as_dict` gives them.
        routes: the path of each finding, drawn; one entry for each finding.
        coverage: templates and systems read, edges followed, what was not followed, not decided, not readable.
        files: the names of the templates, if pictures are kept.
        pictures: one for each system that has findings, and for the first, if they are kept.
    """

    __slots__ = ("_pictures", "coverage", "files", "findings", "pictures", "routes", "strict")

    def __init__(self, *, strict: bool = False, pictures: bool = False) -> None:
        self.strict, self._pictures = strict, pictures
        self.findings: list[dict[str, Any]] = []
        self.routes: list[Route] = []
        self.files: list[str] = []
        self.pictures: list[dict[str, Any]] = []
        self.coverage: dict[str, Any] = {
            "templates": 0,
            "systems": 0,
            "edges_followed": 0,
            "not_followed": [],
            "undecided": [],
            "unreadable": [],
        }

    def add(self, report: Report) -> None:
        """Add what a check found."""
        self.coverage["templates"] += report.templates
        self.coverage["systems"] += len(report.graphs)
        self.coverage["unreadable"] += [str(error) for error in report.unreadable]
        by_system: dict[object, list[Finding]] = {}
        for finding in report.findings:
            by_system.setdefault(finding.place.resource.stack.system, []).append(finding)
        for graph in report.graphs:
            self._add_graph(graph, by_system.pop(graph.system, ()))
        for findings in by_system.values():  # about waivers in the settings, which are in no template
            for finding in findings:
                self._add(finding, None)

    def _add_graph(self, graph: Graph, findings: Sequence[Finding]) -> None:
        self.coverage["edges_followed"] += len(graph.edges)
        self.coverage["not_followed"] += [_gap(gap) for gap in graph.coverage.missed]
        self.coverage["undecided"] += [_gap(gap) for gap in graph.coverage.unknowns]
        first = len(self.findings)
        edges: dict[tuple[str, ...], list[tuple[int, Edge]]] = {}
        for number, edge in enumerate(graph.edges) if findings else ():
            edges.setdefault(edge.path, []).append((number, edge))
        for finding in findings:
            self._add(finding, _nearest(finding, edges.get(finding.path, ())))
        if self._pictures:
            self.files += dict.fromkeys(stack.template.file for stack in graph.system.stacks)
            if findings or not self.pictures:
                self.pictures.append({**picture(graph), "findings": range(first, len(self.findings))})

    def _add(self, finding: Finding, edge: tuple[int, Edge] | None) -> None:
        self.findings.append(finding.as_dict())
        self.routes.append(_route(finding, edge))

    def count(self, severity: str) -> int:
        """Count the findings of a severity that no waiver accepts."""
        return sum(found["severity"] == severity and found["waived"] is None for found in self.findings)

    @property
    def waived(self) -> int:
        """The number of findings that a waiver accepts."""
        return sum(found["waived"] is not None for found in self.findings)

    @property
    def failed(self) -> bool:
        """Whether some finding must be mended: an error, or in strict mode a warning."""
        return self.count("error") > 0 or (self.strict and self.count("warning") > 0)

    def fails(self, finding: dict[str, Any]) -> bool:
        """Tell whether this finding must be mended."""
        wanted = ("error", "warning") if self.strict else ("error",)
        return finding["waived"] is None and finding["severity"] in wanted

    @property
    def summary(self) -> str:
        """Say the outcome in one line: ``2 errors, 1 warning, 3 waived``."""
        counts = [counted(self.count(severity), severity) for severity in SEVERITIES if self.count(severity)]
        seen = self.coverage["templates"] > 0
        parts = counts or ["no findings" if seen else "nothing was checked"]
        parts += [f"{self.waived:,} waived"] if self.waived else []
        unreadable = len(self.coverage["unreadable"])
        return ", ".join(parts) + (f"; {counted(unreadable, 'file')} not readable" if unreadable else "")

    @property
    def is_good(self) -> bool:
        """Whether nothing must be mended and everything could be read."""
        return not self.failed and not self.coverage["unreadable"]


def counted(number: int, noun: str) -> str:
    """Write a number of things: ``1 error``, ``2 errors``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def where(entry: dict[str, Any]) -> str:
    """Write the place of a finding or of a gap, as terminals and editors understand it."""
    return f"{entry['file']}:{entry['line']}:{entry['column']}"


def what(entry: dict[str, Any]) -> str:
    """Name the property that a finding or a gap is about: ``GetOrders.Integration.TimeoutInMillis``."""
    return f"{entry['logical_id']}.{entry['property']}" if entry["property"] else str(entry["logical_id"])


def _gap(gap: Gap) -> dict[str, Any]:
    line, column = gap.place.locate()
    return {
        "file": gap.place.file,
        "line": line,
        "column": column,
        "logical_id": gap.place.resource.id,
        "property": gap.place.property_path,
        "construct_path": gap.place.resource.construct_path,
        "reason": gap.reason,
    }


def _nearest(finding: Finding, edges: Sequence[tuple[int, Edge]]) -> tuple[int, Edge] | None:
    """Choose among edges of one path: two tasks of a workflow may call one function, two routes of a body too."""
    place = finding.place
    for number, edge in edges:
        if edge.at.resource is place.resource and place.keys[: len(edge.at.keys)] == edge.at.keys:
            return number, edge
    return edges[0] if edges else None


def _route(finding: Finding, edge: tuple[int, Edge] | None) -> Route:
    if edge is None:
        resources = finding.place.resource.stack.resources
        return Route([resources[name].name if name in resources else name for name in finding.path])
    data = edge_data(edge[1])
    return Route(steps(data), amount(data["wait"]), amount(data["timeout"]), edge[0])
