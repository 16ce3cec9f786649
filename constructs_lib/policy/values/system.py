"""The templates given together as one system: nested stacks, exports and imports join them."""

from __future__ import annotations

import re

from constructs_lib.policy.values.cases import one, under, unknown
from constructs_lib.policy.values.stack import Stack
from constructs_lib.policy.values.text import TOKEN, show, why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from constructs_lib.policy.template import Template
    from constructs_lib.policy.values.cases import Cases
    from constructs_lib.policy.values.resource import Resource


class System:
    """All stacks of the templates that are checked together.

    Args:
        templates: what was read; one that another deploys as a nested stack is deployed there only.
        parameters: values for the parameters of the outermost stacks, by name.
    """

    def __init__(self, templates: Sequence[Template], parameters: Mapping[str, str] | None = None) -> None:
        self.stacks: list[Stack] = []
        self._nested: dict[tuple[int, str], Stack] = {}
        self._exports: dict[str, list[tuple[Stack, Cases]]] | None = None
        given = {name: one(value) for name, value in (parameters or {}).items()}
        children = {child.file for template in templates for child in template.nested.values()}
        for template in templates:
            if template.file not in children:
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
        for name, child in template.nested.items():
            resource = stack.resources.get(name)
            if resource is None or not resource.active or child.file in above:
                continue
            given = {key: value.cases for key, value in resource.get("Parameters").items()}
            nested = self._deploy(child, given, resource, above | {template.file})
            self._nested[stack.index, name] = nested
        return stack

    @property
    def resources(self) -> Iterator[Resource]:
        """Every resource that is deployed, stack by stack."""
        for stack in self.stacks:
            for resource in stack.resources.values():
                if resource.active:
                    yield resource

    def nested_output(self, resource: Resource, output: str) -> Cases:
        """Resolve ``Fn::GetAtt Nested.Outputs.Name`` in the nested stack."""
        nested = self._nested.get((resource.stack.index, resource.id))
        if nested is None:
            return unknown(f"output {output} of nested stack {resource.id}, whose template is not given")
        body = nested.outputs.get(output)
        if type(body) is not dict or "Value" not in body:
            return unknown(f"nested stack {resource.id} has no output {output}")
        return nested.resolve(body["Value"])

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
    parts = TOKEN.sub("\ue001", pattern).split("\ue001")
    if not any(len(part.strip("-:/_.")) > 2 for part in parts):  # noqa: PLR2004 - too little to recognise a name by
        return False
    return re.fullmatch(".+".join(map(re.escape, parts)), TOKEN.sub("x", text)) is not None
