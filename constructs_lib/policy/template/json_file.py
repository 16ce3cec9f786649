"""JSON templates: parsed at the speed of the standard library, positions found only when a finding asks."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from itertools import accumulate
from json import decoder

from constructs_lib.errors import TemplateError
from constructs_lib.policy.template.template import DEEPEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_LONG_NUMBER = re.compile("[0-9]{4301}")


def parse_json(text: str, file: str) -> Any:
    """Parse JSON.

    Raises:
        TemplateError: the text is broken, names a key twice, or nests too deep.
    """
    start = 1 if text.startswith("\ufeff") else 0
    try:
        data = json.loads(text[start:], object_pairs_hook=_entries)
    except _TwiceError as error:
        reason = "is there twice in one mapping; only one would count: rename or remove one"
        raise TemplateError(f"{file}: the key {error.args[0]!r} {reason}") from None
    except json.JSONDecodeError as error:
        raise TemplateError(f"{file}:{error.lineno}:{error.colno}: broken JSON: {error.msg}") from None
    except RecursionError:
        data = None
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        found = _LONG_NUMBER.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else 1
        raise TemplateError(
            f"{file}:{line}: a number of thousands of digits; no property takes one"
        ) from None
    if data is None or _depth_over(data, DEEPEST):
        raise TemplateError(f"{file}: nests more than {DEEPEST} levels deep; real templates stay under 40")
    return data


class _TwiceError(Exception):
    """A key that stands twice in one mapping."""


def _entries(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        raise _TwiceError(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found


def _depth_over(data: Any, most: int) -> bool:
    level = [data]
    for _ in range(most):
        level = [inner for node in level for inner in _children(node)]
        if not level:
            return False
    return True


def _children(node: Any) -> Any:
    if type(node) is dict:
        return node.values()
    return node if type(node) is list else ()


class Positions:
    """Where the parts of a JSON text stand. Containers are indexed when first walked through."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._skip = json.JSONDecoder().raw_decode
        self._children: dict[int, dict[str | int, tuple[int, int]]] = {}
        self._starts: list[int] = []  # where each line starts

    def find(self, path: tuple[str | int, ...]) -> tuple[int, int]:
        """Find line and column, from 1, of the deepest part of the path that is there: of its key, if it has one."""
        shown = value = self._space(1 if self._text.startswith("\ufeff") else 0)
        for key in path:
            children = self._children.get(value)
            if children is None:
                children = self._children[value] = self._index(value)
            if key not in children:
                break
            shown, value = children[key]
        if not self._starts:
            self._starts = list(accumulate((len(line) + 1 for line in self._text.split("\n")), initial=0))
        line = bisect_right(self._starts, shown)
        return line, shown - self._starts[line - 1] + 1

    def _space(self, position: int) -> int:
        match = _SPACE.match(self._text, position)
        return match.end() if match else position

    def _index(self, start: int) -> dict[str | int, tuple[int, int]]:
        """List a container's children: key to (where the key stands, where the value stands)."""
        text, children = self._text, {}
        opening = text[start : start + 1]
        if opening not in ("{", "["):
            return {}
        position, count = self._space(start + 1), 0
        while position < len(text) and text[position] not in "}]":
            key: str | int = count
            shown = position
            if opening == "{":
                key, position = decoder.scanstring(text, position + 1)  # type: ignore[attr-defined]
                position = self._space(self._space(position) + 1)
            children[key] = (shown, position)
            _, position = self._skip(text, position)
            position, count = self._space(position), count + 1
            if text[position : position + 1] == ",":
                position = self._space(position + 1)
        return children
