"""The page's parts around the pictures: filters, paths with their findings, single resources, coverage."""

from __future__ import annotations

from constructs_lib.policy.report.document import SEVERITIES, counted, what, where
from constructs_lib.policy.report.page.markup import Markup, el
from constructs_lib.policy.report.page.system_map import system_map
from constructs_lib.policy.report.page.waits import bars, drawing, legend, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.report.document import Document
    from constructs_lib.policy.report.page.waits import Bar

    Numbered = tuple[int, dict[str, Any]]

_MOST_CLEAN = 100  # pictures of paths without findings; the map's table has all of them
_MOST_GAPS = 500


def filters(document: Document) -> Markup:
    """Offer one switch for each kind of finding; without script they are not shown and everything is."""
    kinds = [(severity, document.count(severity)) for severity in SEVERITIES] + [("waived", document.waived)]
    boxes = []
    for kind, count in kinds:
        box = el("input", type="checkbox", id=f"show-{kind}", data_kind=kind, checked="checked")
        boxes.append(
            el("label", box, el("span", f"{kind} {count:,}", class_=f"pill {kind}"), for_=f"show-{kind}")
        )
    status = el("p", "", role="status", aria_live="polite", class_="quiet", id="shown")
    legend = el("legend", "Show findings")
    return el("form", el("fieldset", legend, *boxes), status, class_="filters", hidden="hidden")


def system(document: Document, number: int) -> Markup:
    """Show one system: its map, its paths, its single resources."""
    picture = document.pictures[number]
    found = [(index, document.findings[index]) for index in picture["findings"]]
    many = document.coverage["systems"] > 1
    if many and not found:
        return Markup("")
    parts = [system_map(document, picture, number)] if picture["functions"] else []
    parts.append(_paths(document, picture, found, number))
    name = ", ".join(picture["files"][:3])
    return el(
        "section", *([el("h2", name, class_="system")] if many else []), *parts, aria_label=f"System {name}"
    )


def _paths(document: Document, picture: dict[str, Any], found: list[Numbered], number: int) -> Markup:
    functions = {function["key"]: function for function in picture["functions"]}
    by_edge, singles = _placed(document, picture, found)
    broken: list[tuple[int, Markup]] = []
    clean: list[tuple[int, Markup]] = []
    for edge_number, edge in enumerate(picture["edges"]):
        findings = by_edge.get(edge_number, [])
        chosen = broken if findings else clean
        if findings or len(clean) < _MOST_CLEAN:
            chosen.append((_gravity(findings), _path(edge, functions[edge["target"]], findings)))
    broken.sort(key=lambda pair: pair[0])
    parts = (
        [
            el("h2", "Paths and their waits", id=f"paths-{number}"),
            legend(),
            *(article for _, article in broken),
        ]
        if broken
        else []
    )
    others = [_single(findings) for findings in sorted(singles.values(), key=_gravity)]
    parts += [el("h2", "Single resources"), *others] if others else []
    if clean:
        head = el("summary", f"{counted(len(clean), 'path')} without findings")
        parts.append(
            el(
                "details",
                head,
                *([] if broken else [legend()]),
                *(article for _, article in clean),
                class_="clean",
                **({} if broken or singles else {"open": "open"}),
            )
        )
    return el("section", *parts, aria_label="Paths")


def _placed(
    document: Document, picture: dict[str, Any], found: list[Numbered]
) -> tuple[dict[int, list[Numbered]], dict[tuple[str, ...], list[Numbered]]]:
    """Put each finding on the edge that it is about, or on the first that leads to the function that it is about."""
    by_edge: dict[int, list[Numbered]] = {}
    singles: dict[tuple[str, ...], list[Numbered]] = {}
    first = {
        (edge["file"], edge["function_id"]): number
        for number, edge in reversed([*enumerate(picture["edges"])])
    }
    for index, finding in found:
        number = document.routes[index].edge
        if number is None:
            number = first.get((finding["file"], finding["path"][0])) if len(finding["path"]) == 1 else None
        if number is None:
            singles.setdefault((finding["file"], *finding["path"]), []).append((index, finding))
        else:
            by_edge.setdefault(number, []).append((index, finding))
    return by_edge, singles


def _gravity(findings: list[Numbered]) -> int:
    return min((SEVERITIES.index(finding["severity"]) for _, finding in findings), default=len(SEVERITIES))


def _path(edge: dict[str, Any], function: dict[str, Any], findings: list[Numbered]) -> Markup:
    between = [hop["name"] for hop in edge["hops"] if hop["shown"]]
    title = " → ".join([edge["label"], *between, edge["callee_name"]])
    stretches = bars(edge, function)
    for index, finding in findings:
        _concerned(finding, edge, stretches).badges.append((index + 1, _kind(finding)))
    say = f"Waits on {title}: {'; '.join(bar.text for bar in stretches)}"
    picture = el(
        "div",
        drawing(stretches, say),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=f"Waits on {title}",
    )
    numbers = el("details", el("summary", "These waits as a table"), table(stretches), _conditions(edge))
    return el("article", el("h3", title), picture, numbers, _list(findings), class_="path")


def _concerned(finding: dict[str, Any], edge: dict[str, Any], stretches: list[Bar]) -> Bar:
    """Find the bar that a finding is about: the function's if it points there, else the outermost."""
    wanted = "function" if finding["logical_id"] == edge["function_id"] else "caller"
    wanted = {"I201": "again", "I202": "again", "I203": "init"}.get(finding["rule"], wanted)
    return next((bar for bar in stretches if bar.kind == wanted), stretches[0])


def _conditions(edge: dict[str, Any]) -> Markup:
    """Say what the numbers are under conditions, where there are any."""
    rows = []
    for name, cases in (("caller waits", edge["wait"]), ("function may run", edge["timeout"])):
        for case in cases if len(cases) > 1 or any(each["unknown"] for each in cases) else ():
            value = f"not known: {case['unknown']}" if case["unknown"] else f"{case['value']:.10g} s"
            rows.append(el("li", f"{name} {value}{' if ' + case['when'] if case['when'] else ''}"))
    return el("ul", *rows) if rows else Markup("")


def _single(findings: list[Numbered]) -> Markup:
    first = findings[0][1]
    title = first["construct_path"] or " → ".join(first["path"])
    return el("article", el("h3", title), _list(findings), class_="path")


def _list(findings: list[Numbered]) -> Markup:
    if not findings:
        return Markup("")
    return el("ol", *(_finding(index + 1, finding) for index, finding in findings), class_="findings")


def _finding(number: int, finding: dict[str, Any]) -> Markup:
    kind = _kind(finding)
    head = el(
        "h4",
        el("span", f"{number}", class_=f"number {kind}"),
        el("span", kind, class_=f"pill {kind}"),
        f" {finding['rule']}",
    )
    place = el("p", el("code", where(finding)), " ", el("code", what(finding)), class_="place")
    parts = [
        head,
        el("p", finding["message"]),
        el("p", el("strong", "Fix: "), finding["fix"], class_="fix"),
        place,
    ]
    if finding["waived"] is not None:
        parts.append(el("p", el("strong", "Waived: "), finding["waived"]))
    return el("li", *parts, class_=f"finding {kind}", data_kind=kind)


def _kind(finding: dict[str, Any]) -> str:
    return finding["severity"] if finding["waived"] is None else "waived"


def coverage(document: Document) -> Markup:
    """Say what was seen and what was not."""
    numbers = document.coverage
    edges = counted(numbers["edges_followed"], "edge")
    systems = counted(numbers["systems"], "system")
    parts = [el("h2", "Coverage", id="coverage"), el("p", f"{edges} followed in {systems}.")]
    if numbers["unreadable"]:
        parts += [el("h3", "Not readable"), el("ul", *(el("li", text) for text in numbers["unreadable"]))]
    for heading, gaps in (("Not followed", numbers["not_followed"]), ("Not decided", numbers["undecided"])):
        if gaps:
            parts += [el("h3", f"{heading}: {len(gaps):,}"), _gaps(gaps, heading)]
    others = [finding for finding in enumerate(document.findings) if not _drawn(document, finding[0])]
    parts += [el("h3", "Waivers"), _list(others)] if others else []
    return el("section", *parts, aria_labelledby="coverage")


def _drawn(document: Document, index: int) -> bool:
    return any(index in picture["findings"] for picture in document.pictures)


def _gaps(gaps: list[dict[str, Any]], heading: str) -> Markup:
    head = el("tr", *(el("th", name, scope="col") for name in ("Where", "What", "Why")))
    rows = [
        el("tr", el("td", el("code", where(gap))), el("td", el("code", what(gap))), el("td", gap["reason"]))
        for gap in gaps[:_MOST_GAPS]
    ]
    if len(gaps) > _MOST_GAPS:
        rows.append(
            el("tr", el("td", f"and {len(gaps) - _MOST_GAPS:,} more; --format json lists all", colspan="3"))
        )
    table_ = el("table", el("thead", head), el("tbody", *rows))
    return el("div", table_, class_="scroll", tabindex="0", role="region", aria_label=heading)
