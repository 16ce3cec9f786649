"""The templates given together as one system: nested stacks, exports and imports join them."""

from __future__ import annotations

import os

from constructs_lib.policy.values.cases import as_text, merge, one, under, unknown
from constructs_lib.policy.values.conditions import Conditions
from constructs_lib.policy.values.stack import Stack
from constructs_lib.policy.values.text import TOKEN, is_plain, show, why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from constructs_lib.policy.template import Template
    from constructs_lib.policy.values.cases import Cases, When
    from constructs_lib.policy.values.resource import Resource


_MOST = 1_000  # stacks of a system; nested stacks multiply


class System:
    """All stacks of the templates that are checked together.

    Args:
        templates: what was read; one that another deploys as a nested stack is deployed there only.
        parameters: values for the parameters of the outermost stacks, by name.
        assumed: undecided conditions, each with whether its ``Fn::If`` are to be read as if it held.

    Attributes:
        asked: the undecided conditions that some ``Fn::If`` has been read under, in the order of reading.
    """

    def __init__(
        self,
        templates: Sequence[Template],
        parameters: Mapping[str, str] | None = None,
        assumed: Mapping[str, bool] | None = None,
    ) -> None:
        self.templates, self.parameters, self.assumed = templates, parameters, assumed or {}
        self.asked: dict[str, None] = {}
        self.stacks: list[Stack] = []
        self._nested: dict[tuple[int, str], Stack] = {}
        self._exports: dict[str, list[tuple[Stack, Cases]]] | None = None
        self._conditions = Conditions(self)
        self.written = 0  # characters that Fn::Join and Fn::Sub have made, which hostile templates multiply
        given = {name: one(value) for name, value in (parameters or {}).items()}
        children = set(map(os.path.realpath, _files_below(templates)))
        for template in sorted(templates, key=_file):
            if not children or os.path.realpath(template.file) not in children:
                self._deploy(template, given, None, frozenset())

    def _deploy(
        self,
        template: Template,
        parameters: Mapping[str, Cases],
        parent: Resource | None,
        above: frozenset[str],
    ) -> Stack:
        stack = Stack(self, len(self.stacks), template, parameters, parent)
        self.stacks.append(stack)
        for name, child in sorted(template.nested.items(), key=_name):
            resource = stack.resources.get(name)
            if resource is None or not resource.active or child.file in above or len(self.stacks) >= _MOST:
                continue
            given = {key: value.cases for key, value in resource.get("Parameters").items()}
            nested = self._deploy(child, given, resource, above | {template.file})
            self._nested[stack.index, name] = nested
        return stack

    def assuming(self, condition: str, holds: bool) -> System:
        """Give the system as its ``Fn::If`` make it when a condition holds, or when it does not."""
        return System(self.templates, self.parameters, {**self.assumed, condition: holds})

    @property
    def resources(self) -> Iterator[Resource]:
        """Every resource that is deployed, stack by stack."""
        for stack in self.stacks:
            for resource in stack.resources.values():
                if resource.active:
                    yield resource

    def together(self, one_side: When, other: When) -> When | None:
        """Join two lists of conditions; None if they cannot hold at the same time."""
        joined = merge(one_side, other)
        return joined if not joined or self._conditions.possible(joined) else None

    def nested_output(self, resource: Resource, output: str) -> Cases:
        """Resolve ``Fn::GetAtt Nested.Outputs.Name`` in the nested stack."""
        nested = self._nested.get((resource.stack.index, resource.id))
        if nested is None:
            return unknown(f"output {output} of nested stack {resource.id}, whose template was not read")
        body = nested.outputs.get(output)
        if type(body) is not dict or "Value" not in body:
            return unknown(f"nested stack {resource.id} has no output {output}")
        return nested.resolve(body["Value"])

    def stack_output(self, name: Any, output: Any, region: Any) -> Cases:
        """Resolve ``Fn::GetStackOutput``: the output of the stack of this name, or of the only one that has such an output.

        The name of a stack is known from the manifest of a cloud assembly alone.
        """
        having = [stack for stack in self.stacks if stack.parent is None and output in stack.outputs]
        there = [stack for stack in having if _is_known(stack, "AWS::Region", region) is not False]
        named = [stack for stack in there if _is_known(stack, "AWS::StackName", name)]
        found = named or [stack for stack in there if _is_known(stack, "AWS::StackName", name) is None]
        body = found[0].outputs[output] if len(found) == 1 else None
        if type(body) is not dict or "Value" not in body:
            return unknown(
                f"output {show(as_text(output))} of stack {show(as_text(name))} is in no given template"
            )
        return found[0].resolve(body["Value"])

    def imported(self, name: str) -> Cases:
        """Resolve ``Fn::ImportValue``: the export of this name in any of the given templates."""
        if self._exports is None:
            self._exports = {}
            for stack in self.stacks:
                for export, value in _exports(stack):
                    self._exports.setdefault(export, []).append((stack, value))
        found = self._exports.get(name)
        if found is None and "\ue000?" not in name:
            alike = [export for export in self._exports if _alike(export, name)]
            found = self._exports[alike[0]] if len(alike) == 1 else None
        if not found:
            reason = why_unknown(name) if "\ue000?" in name else None
            return unknown(f"ImportValue {show(name)}: {reason or 'no given template exports it'}")
        if len(found) > 1:
            return unknown(f"ImportValue {show(name)}: {len(found)} of the given templates export it")
        return found[0][1]


def _is_known(stack: Stack, name: str, wanted: Any) -> bool | None:
    """Tell whether a stack's name or region is the one wanted; None if one of them is not known."""
    own = stack.template.environment.get(name)
    known = own is not None and type(wanted) is str and is_plain(wanted)
    return own == wanted if known else None


def _file(template: Template) -> str:
    return template.file


def _name(nested: tuple[str, Template]) -> str:
    return nested[0]


def _files_below(templates: Iterable[Template]) -> set[str]:
    """List the files of all nested templates, theirs too; a file may be nested in several places."""
    found: set[str] = set()
    pending = [child for template in templates for child in template.nested.values()]
    while pending:
        child = pending.pop()
        if child.file not in found:
            found.add(child.file)
            pending += child.nested.values()
    return found


def _exports(stack: Stack) -> Iterator[tuple[str, Cases]]:
    for body in stack.outputs.values():
        export = body.get("Export") if type(body) is dict else None
        if type(export) is not dict or "Name" not in export or "Value" not in body:
            continue
        condition = body.get("Condition")
        if type(condition) is str and stack.condition(condition) is False:
            continue
        for case in stack.texts(export["Name"]):
            if type(case.data) is str:
                yield case.data, under(case.when, stack.resolve(body["Value"]))


def _alike(export: str, wanted: str) -> bool:
    """Tell whether two names could be equal once stack names and the like are filled in."""
    if "\ue000" not in export and "\ue000" not in wanted:
        return False
    return _matches(export, wanted) or _matches(wanted, export)


def _matches(pattern: str, text: str) -> bool:
    """Tell whether a text fits a pattern whose tokens stand for one character or more; in one pass, whatever they are."""
    first, *rest = TOKEN.sub("\ue001", pattern).split("\ue001")
    if not any(len(part.strip("-:/_.")) > 2 for part in (first, *rest)):  # noqa: PLR2004 - too little to tell by
        return False
    text = TOKEN.sub("x", text)
    if not rest:
        return text == first
    end = len(text) - len(rest[-1])
    if not (text.startswith(first) and text.endswith(rest[-1])):
        return False
    here = len(first)
    for part in rest[:-1]:
        here = text.find(part, here + 1, end) + len(part)
        if here < len(part):
            return False
    return here < end
