"""A template as it was read."""

from __future__ import annotations

from constructs_lib.errors import TemplateError
from constructs_lib.policy.values.text import clean, without_escapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Key = str | int

LARGEST = 8_000_000  # characters; CloudFormation itself takes 1 MB
DEEPEST = 100  # levels of nesting; real templates stay under 40


class NoResourcesError(TemplateError):
    """A template without resources: none at all, unless an assembly's manifest says that it is a stack."""


class Template:
    """A template as it was read: plain data, and where each part of it stands.

    Args:
        file: the path as the user gave it.
        text: the whole file.
        data: what it says, intrinsic functions in their long form.
        language: "json" or "yaml".
        environment: pseudo parameters that are known, e.g. ``{"AWS::Region": "eu-west-1"}`` from a CDK manifest.
        nested: the templates of its nested stacks, by logical id.
        problems: what else it names and could not be read; it was read all the same.
        assets: local files behind its S3 keys and local paths, by key.
        sizes: unzipped bytes of those that were measured, by key.
        construct_paths: the CDK construct behind each logical id, where the assembly tells.
        acknowledged: the rules that ``Validations.acknowledge`` was called for, with reasons, by construct path.
        source: the data as it was written, where a transform has made other data of it; None if there was none.
    """

    __slots__ = (
        "_positions",
        "acknowledged",
        "assets",
        "construct_paths",
        "data",
        "environment",
        "file",
        "has_loops",
        "language",
        "nested",
        "problems",
        "sizes",
        "source",
        "text",
    )

    def __init__(
        self,
        file: str,
        text: str,
        data: dict[str, Any],
        language: str = "json",
        environment: dict[str, str] | None = None,
    ) -> None:
        self.file, self.text, self.data, self.language = file, text, data, language
        self.environment = environment or {}
        self.nested: dict[str, Template] = {}
        self.problems: list[TemplateError] = []
        self.assets: dict[str, str] = {}
        self.sizes: dict[str, int | None] = {}
        self.construct_paths: dict[str, str] = {}
        self.acknowledged: dict[str, dict[str, str]] = {}
        self.has_loops = "Fn::ForEach::" in text
        self.source: dict[str, Any] | None = None
        self._positions: Any = None

    def locate(self, path: tuple[Key, ...]) -> tuple[int, int]:
        """Find line and column, from 1, of the deepest part of the path that is written in the file."""
        if self._positions is None:
            if self.language == "yaml":
                from constructs_lib.policy.template import yaml_file as language  # noqa: PLC0415 - slow to load
            else:
                from constructs_lib.policy.template import json_file as language  # type: ignore[no-redef]  # noqa: PLC0415
            self._positions = language.Positions(self.text)
        if self.source is not None:
            from constructs_lib.policy.template.sam_places import origin  # noqa: PLC0415 - SAM alone needs it

            path = origin(self.source, path)
        found: tuple[int, int] = self._positions.find(path)
        return found


def parse(text: str, file: str) -> Template:
    """Read one template's text.

    Raises:
        TemplateError: the text is no template; the message names file, line and reason.
    """
    if len(text) > LARGEST:
        raise TemplateError(f"{file}: {len(text):,} characters; a template has at most {LARGEST:,}")
    text = without_escapes(clean(text))
    head = text.lstrip("\ufeff \t\r\n")[:1]
    if head == "{":
        from constructs_lib.policy.template.json_file import parse_json  # noqa: PLC0415

        try:
            return checked(Template(file, text, parse_json(text, file)))
        except TemplateError:
            if not file.endswith((".yaml", ".yml")):
                raise
    from constructs_lib.policy.template.yaml_file import parse_yaml  # noqa: PLC0415 - yaml is slow to load

    return checked(Template(file, text, parse_yaml(text, file), "yaml"))


_SECTIONS = {
    "Resources": "logical ids to resources",
    "Parameters": "names to parameters",
    "Conditions": "names to conditions",
    "Mappings": "names to tables",
    "Outputs": "names to outputs",
}


def checked(template: Template) -> Template:
    """Give a template back if it has the shape of one.

    Raises:
        TemplateError: a section or a resource is of the wrong type.
    """
    data: object = template.data
    file = template.file
    if type(data) is not dict:
        found = "nothing" if data is None else _sort(data)
        raise TemplateError(f"{file}: holds {found}; a template is a mapping with Resources")
    if "Resources" not in data:
        raise NoResourcesError(f"{file}: has no Resources section, so it is no CloudFormation template")
    for section, content in _SECTIONS.items():
        body = data.get(section)
        if type(body) is not dict and section in data and (body is not None or section == "Resources"):
            line, _ = template.locate((section,))
            raise TemplateError(f"{file}:{line}: {section} is {_sort(body)}; it must map {content}")
    for name, resource in data["Resources"].items():
        if not name.startswith("Fn::"):
            _check_resource(template, name, resource)
    return template


def _check_resource(template: Template, name: str, resource: object) -> None:
    if type(resource) is dict and type(resource.get("Type")) is str:
        return
    line, _ = template.locate(("Resources", name))
    if type(resource) is not dict:
        found = f"is {_sort(resource)}; it must be a mapping with a Type"
    elif "Type" not in resource:
        found = "has no Type; give it one, e.g. Type: AWS::Lambda::Function"
    else:
        found = f"has as its Type {_sort(resource['Type'])}; it must be text, e.g. AWS::Lambda::Function"
    raise TemplateError(f"{template.file}:{line}: resource {name} {found}")


def _sort(data: object) -> str:
    """Say in people's words what sort of thing stands somewhere."""
    if data is None:
        return "empty"
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(data), "a number")
