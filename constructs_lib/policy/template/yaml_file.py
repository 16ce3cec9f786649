"""YAML templates: PyYAML's C parser reports events, and the data is built here.

Building it here keeps the bounds in one loop (depth, aliases, size), names duplicate keys, knows CloudFormation's short
tags, and makes nothing of a tag that would make a Python object.
"""

from __future__ import annotations

import re

import yaml

from constructs_lib.errors import TemplateError
from constructs_lib.policy.template.template import DEEPEST

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # a PyYAML without libyaml is slower, and reads the same
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST = 400_000  # nodes, every use of an alias counted; 1 MB of YAML has fewer
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    spelling: value
    for word, value in (
        ("true", True),
        ("yes", True),
        ("on", True),
        ("false", False),
        ("no", False),
        ("off", False),
    )
    for spelling in (word, word.capitalize(), word.upper())
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})$")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]{1,3})?$")
_CORE = "tag:yaml.org,2002:"


def parse_yaml(text: str, file: str) -> Any:
    """Parse YAML with CloudFormation's short tags.

    Raises:
        TemplateError: the text is broken, names a key twice, nests too deep, or grows too large through aliases.
    """
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise TemplateError(f"{file}{where}: broken YAML: {_words(error, text)}") from None
    except (yaml.YAMLError, ValueError, UnicodeError) as error:
        raise TemplateError(f"{file}: broken YAML: {' '.join(str(error).split())[:120]}") from None
    return builder.root


def _words(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    lines = text.split("\n")
    if mark and mark.line < len(lines) and lines[mark.line][mark.column : mark.column + 1] == "\t":
        return "a tab stands where YAML wants spaces; indent with spaces"
    return str(error.problem or error.context)


class Positions:
    """Where the parts of a YAML text stand."""

    def __init__(self, text: str) -> None:
        builder = _Builder("", marks={})
        for event in yaml.parse(text, Loader):
            builder.take(event)
        self._root = builder.root
        self._marks = builder.marks or {}

    def find(self, path: tuple[str | int, ...]) -> tuple[int, int]:
        """Find line and column, from 1, of the deepest part of the path that is there: of its key, if it has one."""
        node, found = self._root, (1, 1)
        for key in path:
            mark = self._marks.get((id(node), key))
            if mark is None:
                break
            node, found = node[key], mark
        return found


class _Open:
    """A list or mapping of which the end has not been seen."""

    __slots__ = ("anchor", "data", "key", "key_mark", "size", "tag")

    def __init__(self, data: Any, tag: str | None, anchor: str | None) -> None:
        self.data, self.tag, self.anchor = data, tag, anchor
        self.key: Any = _NO_KEY
        self.key_mark: Any = None
        self.size = 1


_NO_KEY = object()


class _Builder:
    def __init__(self, file: str, marks: dict[tuple[int, str | int], tuple[int, int]] | None = None) -> None:
        self.file, self.marks = file, marks
        self.root: Any = None
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.documents = 0

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._add(_scalar(event), 1, event)
            if event.anchor:
                self.anchors[event.anchor] = (_scalar(event), 1)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if len(self.stack) >= DEEPEST:
                self._refuse(event, f"nests more than {DEEPEST} levels deep; real templates stay under 40")
            opened = _Open({} if kind is yaml.MappingStartEvent else [], event.tag, event.anchor)
            self._remember_key(event)
            self.stack.append(opened)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close(event)
        elif kind is yaml.AliasEvent:
            if event.anchor not in self.anchors:
                self._refuse(event, f"the alias *{event.anchor} names no anchor that has ended before it")
            self._add(*self.anchors[event.anchor], event)
        elif kind is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                self._refuse(event, "holds more than one document; put each template into a file of its own")

    def _close(self, event: Any) -> None:
        done = self.stack.pop()
        data = _tagged(done.tag, done.data)
        if done.anchor:
            self.anchors[done.anchor] = (data, done.size)
        if self.marks is not None and self.stack:
            self._mark(self.stack[-1])
        self._add(data, done.size, event)

    def _remember_key(self, event: Any) -> None:
        if self.marks is None or not self.stack:
            return
        above = self.stack[-1]
        if type(above.data) is list:
            above.key_mark = event.start_mark

    def _mark(self, above: _Open) -> None:
        key = len(above.data) if type(above.data) is list else above.key
        mark = above.key_mark
        if self.marks is not None and mark is not None and isinstance(key, str | int):
            self.marks[id(above.data), key] = (mark.line + 1, mark.column + 1)

    def _add(self, data: Any, size: int, event: Any) -> None:
        if not self.stack:
            self.root = data
            return
        above = self.stack[-1]
        above.size += size
        if above.size > _MOST:
            self._refuse(
                event,
                f"holds more than {_MOST:,} values, each use of an alias counted in full; split the template",
            )
        if type(above.data) is list:
            if type(event) is yaml.ScalarEvent:
                self._remember_key(event)
                self._mark(above)
            above.data.append(data)
        elif above.key is _NO_KEY:
            self._take_key(above, data, event)
        else:
            if type(event) is yaml.ScalarEvent:
                self._mark(above)
            self._put(above, data)
            above.key = _NO_KEY

    def _take_key(self, above: _Open, key: Any, event: Any) -> None:
        if type(key) is dict or type(key) is list:
            self._refuse(event, "has a list or mapping as a key")
        if type(key) is not str:
            key = event.value if type(event) is yaml.ScalarEvent else str(key)
        if key in above.data and key != "<<":
            self._refuse(
                event,
                f"the key {key!r} is there twice in one mapping; only one would count: rename or remove one",
            )
        above.key, above.key_mark = key, event.start_mark

    def _put(self, above: _Open, data: Any) -> None:
        if above.key != "<<":
            above.data[above.key] = data
            return
        for source in data if type(data) is list else [data]:
            if type(source) is dict:
                for key, value in source.items():
                    above.data.setdefault(key, value)

    def _refuse(self, event: Any, reason: str) -> None:
        mark = event.start_mark
        raise TemplateError(f"{self.file}:{mark.line + 1}:{mark.column + 1}: {reason}")


def _scalar(event: Any) -> Any:
    text, tag = event.value, event.tag
    if tag is None or tag == "!":
        if not event.implicit[0] or event.style:
            return text
        return _plain(text)
    return _tagged(tag, text)


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first.isdigit() or first in "+-.":
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
    return text


def _tagged(tag: str | None, data: Any) -> Any:
    """Write a short tag in its long form: ``!Ref X`` is ``{"Ref": "X"}``. Other tags leave the data as it is."""
    if tag is None or tag == "!" or not tag.startswith("!"):
        if tag in {f"{_CORE}int", f"{_CORE}float", f"{_CORE}bool", f"{_CORE}null"} and type(data) is str:
            return _plain(data)
        return data
    name = tag[1:]
    if name in {"Ref", "Condition"}:
        return {name: data}
    if name == "GetAtt" and type(data) is str:
        return {"Fn::GetAtt": data.split(".", 1)}
    return {f"Fn::{name}": data}
