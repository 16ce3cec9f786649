"""A template as it was read."""

from __future__ import annotations

from constructs_lib.errors import TemplateError
from constructs_lib.policy.values.text import CLOSE, OPEN, clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Key = str | int

LARGEST = 8_000_000  # characters; CloudFormation itself takes 1 MB
DEEPEST = 100  # levels of nesting; real templates stay under 40


class Template:
    """A template as it was read: plain data, and where each part of it stands.

    Args:
        file: the path as the user gave it.
        text: the whole file.
        data: what it says, intrinsic functions in their long form.
        language: "json" or "yaml".
        environment: pseudo parameters that are known, e.g. ``{"AWS::Region": "eu-west-1"}`` from a CDK manifest.
        nested: the templates of its nested stacks, by logical id.
        assets: local files behind its S3 keys and local paths, by key.
        sizes: unzipped bytes of those that were measured, by key.
        construct_paths: the CDK construct behind each logical id, where the assembly tells.
        acknowledged: the rules that ``Validations.acknowledge`` was called for, with reasons, by construct path.
        written: the logical ids in the file, where a transform has added others; None if there was none.
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
        "sizes",
        "text",
        "written",
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
        self.assets: dict[str, str] = {}
        self.sizes: dict[str, int | None] = {}
        self.construct_paths: dict[str, str] = {}
        self.acknowledged: dict[str, dict[str, str]] = {}
        self.has_loops = "Fn::ForEach::" in text
        self.written: frozenset[str] | None = None
        self._positions: Any = None

    def locate(self, path: tuple[Key, ...]) -> tuple[int, int]:
        """Find line and column, from 1, of the deepest part of the path that is written in the file."""
        if self._positions is None:
            if self.language == "yaml":
                from constructs_lib.policy.template import yaml_file as language  # noqa: PLC0415 - slow to load
            else:
                from constructs_lib.policy.template import json_file as language  # type: ignore[no-redef]  # noqa: PLC0415
            self._positions = language.Positions(self.text)
        found: tuple[int, int] = self._positions.find(self._as_written(path))
        return found

    def _as_written(self, path: tuple[Key, ...]) -> tuple[Key, ...]:
        """Point a resource that a transform made at the one that it was made from, whose name it begins with."""
        if self.written is None or len(path) < 2 or path[0] != "Resources" or path[1] in self.written:  # noqa: PLR2004
            return path
        origins = [name for name in self.written if str(path[1]).startswith(name)]
        return ("Resources", max(origins, key=len)) if origins else ("Resources",)


def parse(text: str, file: str) -> Template:
    """Read one template's text.

    Raises:
        TemplateError: the text is no template; the message names file, line and reason.
    """
    if len(text) > LARGEST:
        raise TemplateError(f"{file}: {len(text):,} characters; a template has at most {LARGEST:,}")
    if OPEN in text or CLOSE in text:
        text = clean(text)
    head = text.lstrip("\ufeff \t\r\n")[:1]
    if head == "{":
        from constructs_lib.policy.template.json_file import parse_json  # noqa: PLC0415

        try:
            return _checked(Template(file, text, parse_json(text, file)))
        except TemplateError:
            if not file.endswith((".yaml", ".yml")):
                raise
    from constructs_lib.policy.template.yaml_file import parse_yaml  # noqa: PLC0415 - yaml is slow to load

    return _checked(Template(file, text, parse_yaml(text, file), "yaml"))


def _checked(template: Template) -> Template:
    data, file = template.data, template.file
    if type(data) is not dict:
        raise TemplateError(f"{file}: holds a {type(data).__name__}; a template is a mapping with Resources")
    if "Resources" not in data:
        raise TemplateError(f"{file}: has no Resources section, so it is no CloudFormation template")
    for section in ("Resources", "Parameters", "Conditions", "Mappings", "Outputs"):
        body = data.get(section)
        if body is None and section != "Resources":
            continue
        if type(body) is not dict:
            raise TemplateError(f"{file}: {section} is a {type(body).__name__}; it must be a mapping")
    for name, resource in data["Resources"].items():
        if str(name).startswith("Fn::"):
            continue
        if type(resource) is not dict or type(resource.get("Type")) is not str:
            line, _ = template.locate(("Resources", name))
            raise TemplateError(f"{file}:{line}: resource {name} is no mapping with a Type")
    return template
