"""A graph as text, Mermaid, DOT or JSON, for ``constructs-lib graph``."""

from __future__ import annotations

from constructs_lib.policy.report.picture import amount, steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

FORMS = ("text", "mermaid", "dot", "json")


def draw(picture: dict[str, Any], form: str) -> str:
    """Write a picture in one of the :data:`FORMS`."""
    if form == "json":
        import json  # noqa: PLC0415 - only one form needs it

        return json.dumps(picture, indent=2, ensure_ascii=False) + "\n"
    lines = {"text": _text, "mermaid": _mermaid, "dot": _dot}[form](picture)
    return "".join(f"{line}\n" for line in lines)


def _text(picture: dict[str, Any]) -> Iterator[str]:
    reached = {edge["target"] for edge in picture["edges"]}
    for edge in drawn(picture):
        waits = amount(edge["wait"])
        arrow = f"──{waits}──▶" if waits else "──▶"
        first, *rest = steps(edge)
        owner = f"{edge['source_name']}: " if edge["source_name"] not in first else ""
        runs = amount(edge["timeout"])
        yield _line(f"{owner}{first} {arrow} {' ──▶ '.join(rest)}" + (f" ({runs})" if runs else ""))
    for function in picture["functions"]:
        if function["key"] not in reached:
            yield _line(f"(no caller found) {function['name']} ({amount(function['timeout'])})")


def _line(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def drawn(picture: dict[str, Any]) -> list[dict[str, Any]]:
    """List everything that is an arrow: links, then edges."""
    return [*picture["links"], *picture["edges"]]


def nodes(picture: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Name every node of a picture: its key, what people call it, and its kind, callers first."""
    found = {edge["source"]: (edge["source_name"], edge["kind"]) for edge in drawn(picture)}
    for link in picture["links"]:
        found.setdefault(link["target"], (link["callee_name"], link["target_kind"]))
    for function in picture["functions"]:
        runs = amount(function["timeout"])
        found[function["key"]] = (f"{function['name']}\n{runs}", "function")
    return found


def arrows(picture: dict[str, Any]) -> dict[tuple[str, str, str], list[str]]:
    """Join the arrows between the same two nodes: source, target and mode, with the labels of all of them."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for edge in drawn(picture):
        waits = amount(edge["wait"])
        label = (
            edge["label"]
            if edge["label"] not in (edge["source_name"], f"queue {edge['source_name']}")
            else ""
        )
        text = " ".join(part for part in (label, waits) if part)
        found.setdefault((edge["source"], edge["target"], edge["mode"]), []).append(text)
    return found


def _mermaid(picture: dict[str, Any]) -> Iterator[str]:
    yield "flowchart LR"
    names = {key: f"n{number}" for number, key in enumerate(nodes(picture))}
    for key, (name, kind) in nodes(picture).items():
        left, right = ("[", "]") if kind == "function" else ("([", "])")
        yield f'  {names[key]}{left}"{_entities(name)}"{right}'
    for (source, target, mode), labels in arrows(picture).items():
        shaft = "-->" if mode == "sync" else "-.->"
        text = _entities("\n".join(label for label in labels if label))
        yield f"  {names[source]} {shaft}" + (f'|"{text}"| ' if text else " ") + names[target]


def _entities(text: str) -> str:
    """Write text so that Mermaid takes none of it for its own syntax or for HTML."""
    plain = {"\n": "<br>"}
    return "".join(plain.get(c) or (c if c.isalnum() or c in " /:.,_-()" else f"#{ord(c)};") for c in text)


def _dot(picture: dict[str, Any]) -> Iterator[str]:
    yield "digraph system {"
    yield '  rankdir=LR; node [fontname="sans-serif"]; edge [fontname="sans-serif", fontsize=10];'
    for key, (name, kind) in nodes(picture).items():
        shape = "box" if kind == "function" else "ellipse"
        yield f"  {_quoted(key)} [label={_quoted(name)}, shape={shape}];"
    for (source, target, mode), labels in arrows(picture).items():
        style = "solid" if mode == "sync" else "dashed"
        text = _quoted("\n".join(label for label in labels if label))
        yield f"  {_quoted(source)} -> {_quoted(target)} [label={text}, style={style}];"
    yield "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
