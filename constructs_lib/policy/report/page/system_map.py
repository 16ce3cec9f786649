"""Who invokes whom: callers on the left with one row for each way in, functions on the right; and the same as a table."""

from __future__ import annotations

from constructs_lib.policy.report.drawing import drawn
from constructs_lib.policy.report.page.layout import layers, places, waypoint
from constructs_lib.policy.report.page.markup import Markup, el
from constructs_lib.policy.report.picture import KINDS, amount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.report.document import Document

_WIDTH, _BETWEEN, _GAP = 250, 110, 18  # of a box, between layers, between boxes, in pixels
_HEAD, _ROW = 40, 22
_MOST_COMPACT = 5  # rows; with more, a caller is stretched along what it calls
_MOST_NODES = 120  # more cannot be read on any screen


class Box:
    """A caller or a function on the map."""

    __slots__ = ("callees", "key", "kind", "name", "rows", "runs", "severity")

    def __init__(self, key: str, name: str, kind: str, runs: str | None = None) -> None:
        self.key, self.name, self.kind, self.runs = key, name, kind, runs
        self.rows: list[str] = []
        self.callees: set[str] = set()
        self.severity = ""

    @property
    def pitch(self) -> float:
        """From row to row, in pixels: a caller of many functions is stretched, so that its rows stand beside them."""
        stretched = len(self.rows) > _MOST_COMPACT and (_HEAD + _GAP) * len(self.callees) / len(self.rows)
        return max(_ROW, stretched)

    def port(self, row: int) -> float:
        """Say how far below the top a row's middle is, in pixels."""
        return _HEAD + self.pitch * row + _ROW / 2

    @property
    def height(self) -> float:
        """In pixels."""
        return self.port(len(self.rows) - 1) + _ROW / 2 + 6 if self.rows else _HEAD


def system_map(document: Document, picture: dict[str, Any], number: int) -> Markup:
    """Draw the map of one system, with its table."""
    edges, note = _shown(document, picture)
    parts = [el("h2", "Who invokes whom", id=f"map-{number}")]
    if edges:
        boxes = _boxes(document, picture, edges)
        label = f"Map of {len(boxes)} callers and callees and {len(edges)} ways to invoke; the table below says the same"
        svg = _svg(boxes, edges, label)
        parts.append(el("div", svg, class_="scroll", tabindex="0", role="region", aria_label="System map"))
        parts.append(_legend())
    if note:
        parts.append(el("p", note, class_="quiet"))
    if drawn(picture):
        parts.append(el("details", el("summary", "The map as a table"), _table(picture)))
    parts.append(_lonely(picture))
    return el("section", *parts, aria_labelledby=f"map-{number}", class_="map")


def _shown(document: Document, picture: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Choose the edges to draw: all of them, or in a large system those with findings."""
    edges = drawn(picture)
    if len(_ends(edges)) <= _MOST_NODES:
        return edges, "" if edges else "Nothing in these templates invokes a function."
    broken = [document.findings[index]["path"] for index in picture["findings"]]
    begun = {tuple(path[:end]) for path in broken for end in range(2, len(path) + 1)}
    chosen = [edge for edge in edges if tuple(edge["path"]) in begun]
    while len(_ends(chosen)) > _MOST_NODES:
        chosen = chosen[: len(chosen) * 9 // 10]
    note = f"The system has {len(_ends(edges)):,} callers and functions; the map shows {len(_ends(chosen))} with findings."
    return chosen, note + " The table has all of them."


def _ends(edges: list[dict[str, Any]]) -> set[str]:
    return {end for edge in edges for end in (edge["source"], edge["target"])}


def _boxes(document: Document, picture: dict[str, Any], edges: list[dict[str, Any]]) -> dict[str, Box]:
    functions = {function["key"]: function for function in picture["functions"]}
    boxes: dict[str, Box] = {}
    for edge in edges:
        kind, target_kind = edge["kind"].removesuffix("-authorizer"), edge.get("target_kind", "")
        ends = (
            (edge["source"], edge["source_name"], kind),
            (edge["target"], edge["callee_name"], target_kind),
        )
        for key, name, each in ends:
            if key in functions:
                boxes.setdefault(key, Box(key, name, "function", amount(functions[key]["timeout"])))
            else:
                boxes.setdefault(key, Box(key, name, KINDS.get(each, each)))
    for edge in edges:
        row = _row(edge)
        boxes[edge["source"]].callees.add(edge["target"])
        if row not in boxes[edge["source"]].rows:
            boxes[edge["source"]].rows.append(row)
    by_id = {key.partition("/")[2]: box for key, box in boxes.items()}
    for index in reversed(picture["findings"]):
        finding = document.findings[index]
        for name in (finding["logical_id"], finding["path"][0], finding["path"][-1]):
            if name in by_id and finding["waived"] is None:
                by_id[name].severity = min(by_id[name].severity or "z", finding["severity"])
    return boxes


def _row(edge: dict[str, Any]) -> str:
    label = edge["label"].removeprefix(f"{edge['source_name']}: ")
    if edge["source_name"] in label or edge["kind"] == "invoke":
        label = {
            "poll": "hidden for" if edge["kind"] == "sqs" else "reads",
            "async": "sends",
            "sync": "invokes",
        }[edge["mode"]]
    waits = amount(edge["wait"])
    return f"{label}\n{waits or ('' if edge['mode'] != 'sync' else 'no own wait')}"


def _svg(boxes: dict[str, Box], edges: list[dict[str, Any]], label: str) -> Markup:
    links = [(edge["source"], edge["target"]) for edge in edges]
    columns = layers(list(boxes), links)
    ports = {(edge["source"], edge["target"]): _port(edge, boxes) for edge in edges}
    tops = places(columns, {key: box.height for key, box in boxes.items()}, ports, _GAP)
    lefts = {
        key: number * float(_WIDTH + _BETWEEN) for number, column in enumerate(columns) for key in column
    }
    width = len(columns) * (_WIDTH + _BETWEEN) - _BETWEEN + 4
    height = max(tops[key] + box.height for key, box in boxes.items()) + 4
    lines = dict.fromkeys(_line(edge, boxes, lefts, tops) for edge in edges)
    drawn = [_box(box, lefts[key], tops[key]) for key, box in boxes.items()]
    return el(
        "svg", *lines, *drawn, viewBox=f"-2 -2 {width:g} {height:g}", width=f"{width:g}", height=f"{height:g}",
        role="img", aria_label=label, class_="drawing",
    )  # fmt: skip


def _line(
    edge: dict[str, Any], boxes: dict[str, Box], lefts: dict[str, float], tops: dict[str, float]
) -> Markup:
    """Draw an edge from the caller's row to the function, through the places that it holds on the way."""
    source, target = edge["source"], edge["target"]
    x, y = lefts[source] + _WIDTH, tops[source] + _port(edge, boxes)
    end = lefts[target], tops[target] + _HEAD / 2
    way = f"M{x:g} {y:g}"
    if end[0] <= x:  # back to an earlier layer, or to itself
        way += f"C{x + 60:g} {y:g} {x + 60:g} {end[1] - 40:g} {end[0] + _WIDTH / 2:g} {end[1] - _HEAD / 2:g}"
        return el("path", d=way, class_=f"link {edge['mode']}", marker_end="url(#arrow)")
    first, last = (round(lefts[key] / (_WIDTH + _BETWEEN)) for key in (source, target))
    for layer in range(first + 1, last):
        stop = waypoint(source, target, layer)
        x, y, way = _bend(way, x, y, lefts[stop], tops[stop] + 5)
        x, way = x + _WIDTH, f"{way}H{x + _WIDTH:g}"
    *_, way = _bend(way, x, y, *end)
    return el("path", d=way, class_=f"link {edge['mode']}", marker_end="url(#arrow)")


def _port(edge: dict[str, Any], boxes: dict[str, Box]) -> float:
    """Say at which height of the caller's box an edge starts."""
    box = boxes[edge["source"]]
    return box.port(box.rows.index(_row(edge)))


def _bend(way: str, x: float, y: float, to_x: float, to_y: float) -> tuple[float, float, str]:
    middle = (x + to_x) / 2
    return to_x, to_y, f"{way}C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}"


def _box(box: Box, left: float, top: float) -> Markup:
    shape = "function" if box.kind == "function" else "caller"
    frame = el(
        "rect", x=f"{left:g}", y=f"{top:g}", width=f"{_WIDTH}", height=f"{box.height:g}", rx="8",
        class_=f"box {shape} {box.severity}",
    )  # fmt: skip
    runs = f"function · may run {box.runs}" if shape == "function" else box.kind
    parts = [
        frame,
        _words(box.name, left + 12, top + 17, "name", 25),
        _words(runs, left + 12, top + 33, "kind", 40),
    ]
    for number, row in enumerate(box.rows):
        label, _, waits = row.partition("\n")
        y = top + box.port(number) + 4
        parts += [
            _words(label, left + 12, y, "row", 23),
            el("text", waits, x=f"{left + _WIDTH - 12:g}", y=f"{y:g}", class_="row wait", text_anchor="end"),
        ]
    return el("g", el("title", f"{box.name} ({box.kind})"), *parts)


def _words(text: str, x: float, y: float, kind: str, most: int) -> Markup:
    short = text if len(text) <= most else f"{text[: most // 2 - 1]}…{text[-(most - most // 2) :]}"
    return el("text", short, x=f"{x:g}", y=f"{y:g}", class_=kind)


def _legend() -> Markup:
    entries = [
        ("sync", "waits for the answer"),
        ("async", "sends an event and goes on"),
        ("poll", "is read by Lambda"),
    ]
    drawn = []
    for mode, meaning in entries:
        line = el("path", d="M0 6H34", class_=f"link {mode}", marker_end="url(#arrow)")
        drawn.append(el("li", el("svg", line, width="38", height="12", aria_hidden="true"), meaning))
    for severity in ("error", "warning", "note"):
        frame = el("rect", x="2", y="2", width="32", height="12", rx="4", class_=f"box {severity}")
        drawn.append(
            el("li", el("svg", frame, width="36", height="16", aria_hidden="true"), f"has an open {severity}")
        )
    return el("ul", *drawn, class_="legend", aria_label="Kinds of lines and boxes")


def _table(picture: dict[str, Any]) -> Markup:
    head = el(
        "tr", *(el("th", name, scope="col") for name in ("Caller", "Through", "Waits", "Callee", "May run"))
    )
    rows = []
    for edge in drawn(picture):
        cells = [
            edge["source_name"], edge["label"], amount(edge["wait"]) or "does not wait", edge["callee"],
            amount(edge["timeout"]) or "",
        ]  # fmt: skip
        rows.append(el("tr", *(el("td", cell) for cell in cells)))
    return el(
        "div",
        el("table", el("thead", head), el("tbody", *rows)),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label="Table of the map",
    )


def _lonely(picture: dict[str, Any]) -> Markup:
    reached = {edge["target"] for edge in picture["edges"]}
    names = [function["name"] for function in picture["functions"] if function["key"] not in reached]
    if not names:
        return Markup("")
    head = f"{len(names)} function{'' if len(names) == 1 else 's'} without a caller in these templates"
    return el("details", el("summary", head), el("ul", *(el("li", name) for name in names)))
