"""A cloud assembly (``cdk.out``): stacks, stages and assets as its manifest lists them."""

from __future__ import annotations

import json
import os

from constructs_lib.errors import TemplateError
from constructs_lib.policy.template.files import is_out_of_bounds, text_of
from constructs_lib.policy.template.sources import read_file
from constructs_lib.policy.template.template import NoResourcesError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.template.template import Template

_STACK, _STAGE = "aws:cloudformation:stack", "cdk:cloud-assembly"
_LOGICAL_ID, ACKNOWLEDGED = "aws:cdk:logicalId", "aws:cdk:acknowledged-rules"
_FILES = {_STACK: "templateFile", _STAGE: "directoryName"}


def is_assembly(path: str) -> bool:
    """Tell whether a directory was made by ``cdk synth``, even if its manifest is broken beyond reading."""
    try:
        return type(_json(os.path.join(path, "manifest.json")).get("artifacts")) is dict
    except TemplateError:
        return os.path.exists(os.path.join(path, "cdk.out"))  # the file that holds the assembly's version


def read_assembly(
    path: str, seen: set[str] | None = None, root: str | None = None
) -> Iterator[Template | TemplateError]:
    """Read every stack of an assembly, those of its stages too.

    Args:
        path: the assembly's folder.
        seen: the assemblies that need no reading.
        root: the outermost assembly's folder; nothing outside of it is read.
    """
    manifest, seen = os.path.join(path, "manifest.json"), set() if seen is None else seen
    root = path if root is None else root
    seen.add(os.path.realpath(path))
    try:
        artifacts = _json(manifest).get("artifacts")
    except TemplateError as error:
        yield error
        return
    for name, entry in artifacts.items() if type(artifacts) is dict else ():
        kind = entry.get("type") if type(entry) is dict else None
        key = _FILES.get(kind) if type(kind) is str else None
        if key is None:
            continue
        properties = entry.get("properties")
        named = properties.get(key) if type(properties) is dict else None
        if type(named) is not str:
            yield TemplateError(f"{manifest}: {name} names no {key}; synthesize again")
        elif is_out_of_bounds(os.path.join(path, named), root):
            yield TemplateError(
                f"{manifest}: {name} names {named}, which is not below {root}; synthesize again"
            )
        elif kind == _STACK:
            yield from _stack(path, name, entry, root)
        elif os.path.realpath(os.path.join(path, named)) in seen:
            yield TemplateError(f"{manifest}: {name} is an assembly that is read already; synthesize again")
        else:
            yield from read_assembly(os.path.join(path, named), seen, root)


def _stack(path: str, name: str, entry: dict[str, Any], root: str) -> Iterator[Template | TemplateError]:
    properties = entry["properties"]
    file = os.path.join(path, properties["templateFile"])
    notes, errors = _notes(path, entry)
    yield from errors
    for item in read_file(file, _assets(path, file), root):
        if isinstance(item, NoResourcesError):
            continue  # a stack that is empty yet: the CDK CLI passes it over too
        if not isinstance(item, TemplateError):
            _spread(item, _environment(entry, properties.get("stackName", name)), _paths(notes))
            item.acknowledged = _acknowledged(notes)
        yield item


def _spread(template: Template, environment: dict[str, str], paths: dict[str, str]) -> None:
    """Tell a template and its nested ones where they are deployed and which constructs made them."""
    if template.construct_paths is paths:
        return  # deployed twice as a nested stack
    template.environment, template.construct_paths = environment, paths
    inner = {name: value for name, value in environment.items() if name != "AWS::StackName"}
    for child in template.nested.values():
        _spread(child, inner, paths)


def _environment(entry: dict[str, Any], stack_name: object) -> dict[str, str]:
    """Read ``aws://account/region``; CDK writes ``unknown-account`` and ``unknown-region`` where it does not know."""
    account, _, region = str(entry.get("environment", "")).removeprefix("aws://").partition("/")
    known = {"AWS::AccountId": account, "AWS::Region": region, "AWS::StackName": stack_name}
    return {
        name: value
        for name, value in known.items()
        if type(value) is str and value and not value.startswith("unknown-")
    }


def _notes(path: str, entry: dict[str, Any]) -> tuple[dict[str, list[dict[str, Any]]], list[TemplateError]]:
    """Read what constructs noted about themselves, by path: in the manifest, or in the file of metadata that it names."""
    metadata, file = entry.get("metadata"), entry.get("additionalMetadataFile")
    errors = []
    if type(metadata) is not dict and type(file) is str:
        try:
            metadata = _json(os.path.join(path, file))
        except TemplateError as error:  # waivers stand in it: to go on without a word would be wrong
            errors.append(error)
    notes = {
        construct.lstrip("/"): [note for note in notes if type(note) is dict]
        for construct, notes in (metadata.items() if type(metadata) is dict else ())
        if type(notes) is list
    }
    return notes, errors


def _paths(notes: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Map logical ids to construct paths."""
    found: dict[str, str] = {}
    for construct, each in notes.items():
        for note in each:
            if note.get("type") == _LOGICAL_ID and type(note.get("data")) is str:
                found.setdefault(note["data"], construct)
    return found


def _acknowledged(notes: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, str]]:
    """List the rules that ``Validations.acknowledge`` was called for, by construct path."""
    found: dict[str, dict[str, str]] = {}
    for construct, each in notes.items():
        for note in each:
            if note.get("type") == ACKNOWLEDGED and type(note.get("data")) is dict:
                rules = found.setdefault(construct, {})
                rules.update({str(rule): str(reason) for rule, reason in note["data"].items()})
    return found


def _assets(path: str, template_file: str) -> dict[str, str]:
    """Map S3 object keys to the files or directories behind them."""
    try:
        files = _json(template_file.removesuffix(".template.json") + ".assets.json").get("files")
    except TemplateError:
        return {}  # a stack may have none
    found: dict[str, str] = {}
    for asset in files.values() if type(files) is dict else ():
        match asset:
            case {"source": {"path": str(source)}, "destinations": dict(destinations)}:
                for destination in destinations.values():
                    if type(destination) is dict and type(destination.get("objectKey")) is str:
                        found[destination["objectKey"]] = os.path.join(path, source)
    return found


def _json(path: str) -> dict[str, Any]:
    try:
        data = json.loads(text_of(path))
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"{path}: broken JSON: {str(error)[:100]}; synthesize again") from None
    if type(data) is not dict:
        raise TemplateError(f"{path}: holds no mapping; synthesize again")
    return data
