"""One path's waits, to scale: the caller's wait around init and function, the function around its declared calls.

What sticks out of the bar around it is hatched: there somebody has given up already.
"""

from __future__ import annotations

from constructs_lib.policy.report.page.markup import Markup, el
from constructs_lib.policy.report.picture import amount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_GUTTER, _WIDTH, _END = 320, 760, 34  # of the names, of the time axis, after it, in pixels
_STEPS = (1, 2, 5)
_LONGEST = 46  # characters of a name that fit the gutter
_CALLERS = {
    "sqs": "hides the message for",
    "states": "task waits",
    "custom": "CloudFormation waits",
    "cdn": "waits for each attempt",
}


class Bar:
    """A stretch of time.

    Attributes:
        kind: "caller", "init", "function", "again" (a repeated init) or "call"; says how it is painted.
        start, end: in seconds; the end is None if it is not known.
        text: what it is, for people.
        ends_at: the end of the bar around it; what comes after it is hatched.
        badges: numbers of the findings about it.
    """

    __slots__ = ("badges", "end", "ends_at", "kind", "start", "text")

    def __init__(
        self, kind: str, start: float, end: float | None, text: str, ends_at: float | None = None
    ) -> None:
        self.kind, self.start, self.end, self.text, self.ends_at = kind, start, end, text, ends_at
        self.badges: list[tuple[int, str]] = []


def bars(edge: dict[str, Any], function: dict[str, Any]) -> list[Bar]:
    """List the bars of a path, the outermost first."""
    wait, runs = _number(edge["wait"]), _number(edge["timeout"])
    init = function["init"] or 0.0
    found = []
    if edge["wait"]:
        verb = _CALLERS.get(edge["kind"], "waits")
        found.append(Bar("caller", 0, wait, f"{edge['label']} {verb} {amount(edge['wait'])}"))
    if init:
        found.append(Bar("init", 0, init, f"first init {init:g} s ({function['init_evidence']})", wait))
    name = f"{edge['callee']} may run {amount(edge['timeout']) or 'for a time not known'}"
    found.append(Bar("function", init, None if runs is None else init + runs, name, wait))
    clock, limit = init, None if runs is None else init + runs
    if init and function["init_repeats"]:
        clock += init
        found.append(Bar("again", init, clock, f"init again after a crash {init:g} s", limit))
    for call in function["calls"]:
        attempts = amount(call["attempts"])
        times = f"{attempts.removesuffix(' s')} × " if attempts and attempts != "1 s" else ""
        text = f"{call['name']}: {times}({amount(call['connect'])} + {amount(call['read'])})"
        backoff = amount(call["backoff"])
        text += f" + {backoff}" if backoff and backoff != "0 s" else ""
        end = None if call["worst"] is None else clock + call["worst"]
        found.append(Bar("call", clock, end, text, limit))
        clock = end if end is not None else clock
    return found


def drawing(bars_: Sequence[Bar], title: str) -> Markup:
    """Draw the bars inside each other over one axis of seconds."""
    longest = max([bar.end for bar in bars_ if bar.end is not None], default=0) or 1
    scale = _WIDTH / longest
    height = 24 * len(bars_) + 34
    parts = [_axis(longest, scale, height - 22)]
    parts += [_bar(bar, row, len(bars_), scale) for row, bar in enumerate(bars_)]
    width = _GUTTER + _WIDTH + _END
    return el(
        "svg", *parts, viewBox=f"0 0 {width} {height}", width=f"{width}", height=f"{height}", role="img",
        aria_label=title, class_="drawing waits",
    )  # fmt: skip


def _bar(bar: Bar, row: int, depth: int, scale: float) -> Markup:
    """Draw one bar; a caller's and a function's reach down over everything inside them."""
    top = 4 + 24 * row
    inside = depth - row if bar.kind in {"caller", "function"} else 1
    height = 24 * inside - 4 - 2 * row * (inside > 1)
    left = _GUTTER + bar.start * scale
    right = _GUTTER + (bar.start if bar.end is None else bar.end) * scale
    width = max(right - left, 3) if bar.end is not None else 40
    kind = bar.kind if bar.end is not None else f"{bar.kind} unknown"
    parts = [el("title", bar.text), _rect(left, top, width, height, f"bar {kind}")]
    over = None if bar.ends_at is None or bar.end is None else max(bar.start, bar.ends_at)
    if over is not None and bar.end is not None and over < bar.end:
        start = _GUTTER + over * scale
        parts.append(_rect(start, top, max(right - start, 2), height, "bar over"))
    short = bar.text if len(bar.text) <= _LONGEST else f"{bar.text[: _LONGEST - 19]}…{bar.text[-18:]}"
    parts.append(
        el("text", short, x=f"{_GUTTER - 10}", y=f"{top + 14}", text_anchor="end", class_=f"label {bar.kind}")
    )
    for place, (number, severity) in enumerate(bar.badges):
        x = min(max(left + width, left + 14), _GUTTER + _WIDTH + _END - 10) - 22 * place
        parts.append(_badge(number, severity, x, top + 10))
    return el("g", *parts)


def _rect(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    numbers = {"x": x, "y": y, "width": width, "height": height}
    return el("rect", **{name: f"{number:.1f}" for name, number in numbers.items()}, rx="4", class_=kind)


def _badge(number: int, severity: str, x: float, y: float) -> Markup:
    text = el("text", f"{number}", x=f"{x:.1f}", y=f"{y + 4:g}", text_anchor="middle")
    return el("g", el("circle", cx=f"{x:.1f}", cy=f"{y:g}", r="9"), text, class_=f"badge {severity}")


def _axis(longest: float, scale: float, bottom: float) -> Markup:
    step = next(
        unit * 10.0**power
        for power in range(-3, 12)
        for unit in _STEPS
        if longest / (unit * 10.0**power) <= 6  # noqa: PLR2004
    )
    parts = []
    for tick in range(int(longest / step + 1e-9) + 1):
        x = f"{_GUTTER + tick * step * scale:.1f}"
        parts.append(el("line", x1=x, x2=x, y1="0", y2=f"{bottom:g}", class_="tick"))
        parts.append(
            el("text", f"{tick * step:g} s", x=x, y=f"{bottom + 15:g}", text_anchor="middle", class_="axis")
        )
    return el("g", *parts, aria_hidden="true")


def legend() -> Markup:
    """Say what the colours mean."""
    kinds = [
        ("caller", "the caller waits"),
        ("init", "first init, before the function's clock starts"),
        ("function", "the function may run"),
        ("again", "init again, inside the timeout, after a crash"),
        ("call", "its declared calls, at worst"),
        ("over", "somebody has given up already"),
    ]
    entries = []
    for kind, meaning in kinds:
        patch = el("rect", x="1", y="1", width="26", height="12", rx="3", class_=f"bar {kind}")
        entries.append(el("li", el("svg", patch, width="28", height="14", aria_hidden="true"), meaning))
    return el("ul", *entries, class_="legend", aria_label="Colours of the bars")


def table(bars_: Sequence[Bar]) -> Markup:
    """Say the same as a table."""
    head = el("tr", *(el("th", name, scope="col") for name in ("What", "Starts", "Ends", "Too late by")))
    rows = []
    for bar in bars_:
        late = None if bar.end is None or bar.ends_at is None else bar.end - bar.ends_at
        cells = [
            f"{bar.start:.10g} s",
            "not known" if bar.end is None else f"{bar.end:.10g} s",
            f"{late:.6g} s" if late is not None and late > 0 else "–",
        ]
        rows.append(el("tr", el("th", bar.text, scope="row"), *(el("td", cell) for cell in cells)))
    return el("table", el("thead", head), el("tbody", *rows))


def _number(cases: list[dict[str, Any]]) -> float | None:
    """Take the first number that is known; the table of a path with conditions says which others there are."""
    return next((case["value"] for case in cases if case["unknown"] is None), None)
