"""HTML and SVG elements whose text cannot become markup: only what this module made is taken as it is."""

from __future__ import annotations

from html import escape

_VOID = {"meta", "br", "input", "link"}


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def el(name: str, /, *children: str, **attributes: str | None) -> Markup:
    """Make an element; plain text inside and in attributes is escaped, attributes that are None are left out.

    An underscore at an attribute's end is dropped, others become hyphens: ``class_``, ``aria_label``.

    Example:
        >>> el("p", "1 < 2", class_="sum")
        '<p class="sum">1 &lt; 2</p>'
    """
    pairs = [
        f' {_name(key)}="{escape(_plain(value))}"' for key, value in attributes.items() if value is not None
    ]
    head = f"<{name}{''.join(pairs)}>"
    return Markup(head if name in _VOID else f"{head}{join(*children)}</{name}>")


def join(*parts: str) -> Markup:
    """Put parts one after the other; those that are no markup are escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(_plain(part)) for part in parts))


def _name(key: str) -> str:
    key = key.removesuffix("_")
    return key if key != key.lower() else key.replace("_", "-")


def _plain(text: str) -> str:
    """Leave out what no HTML document may hold."""
    return "".join(char if char in "\t\n" or char.isprintable() else "\ufffd" for char in text)
