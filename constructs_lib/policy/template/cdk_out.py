"""A cloud assembly (``cdk.out``): stacks, stages and assets as its manifest lists them."""

from __future__ import annotations

import json
import os

from constructs_lib.errors import TemplateError
from constructs_lib.policy.template.sources import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.template.template import Template

_STACK, _STAGE, _ASSETS = "aws:cloudformation:stack", "cdk:cloud-assembly", "cdk:asset-manifest"
_LOGICAL_ID, ACKNOWLEDGED = "aws:cdk:logicalId", "aws:cdk:acknowledged-rules"
_DEEPEST = 10  # stages within stages


def is_assembly(path: str) -> bool:
    """Tell whether a directory was made by ``cdk synth``."""
    try:
        return type(_manifest(path).get("artifacts")) is dict
    except TemplateError:
        return False


def read_assembly(path: str, depth: int = 0) -> Iterator[Template | TemplateError]:
    """Read every stack of an assembly, those of its stages too."""
    try:
        artifacts = _manifest(path).get("artifacts")
    except TemplateError as error:
        yield error
        return
    for name, entry in artifacts.items() if type(artifacts) is dict else ():
        properties = entry.get("properties") if type(entry) is dict else None
        if type(properties) is not dict:
            continue
        if entry.get("type") == _STACK and type(properties.get("templateFile")) is str:
            yield _stack(path, name, entry)
        elif (
            entry.get("type") == _STAGE and type(properties.get("directoryName")) is str and depth < _DEEPEST
        ):
            yield from read_assembly(os.path.join(path, properties["directoryName"]), depth + 1)


def _stack(path: str, name: str, entry: dict[str, Any]) -> Template | TemplateError:
    properties = entry["properties"]
    file = os.path.join(path, properties["templateFile"])
    try:
        template = load(file, assets=_assets(path, file))
    except TemplateError as error:
        return error
    notes = _notes(path, entry)
    _spread(template, _environment(entry, properties.get("stackName", name)), _paths(notes))
    template.acknowledged = _acknowledged(notes)
    return template


def _spread(template: Template, environment: dict[str, str], paths: dict[str, str]) -> None:
    """Tell a template and its nested ones where they are deployed and which constructs made them."""
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


def _notes(path: str, entry: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Read what constructs noted about themselves, by path: in the manifest, or in the file of metadata that it names."""
    metadata, file = entry.get("metadata"), entry.get("additionalMetadataFile")
    if type(metadata) is not dict and type(file) is str:
        try:
            with open(os.path.join(path, file), "rb") as source:
                metadata = json.load(source)
        except (OSError, ValueError, RecursionError):
            return {}
    return {
        construct.lstrip("/"): [note for note in notes if type(note) is dict]
        for construct, notes in (metadata.items() if type(metadata) is dict else ())
        if type(notes) is list
    }


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
    manifest = template_file.removesuffix(".template.json") + ".assets.json"
    try:
        with open(manifest, "rb") as file:
            files = json.load(file).get("files")
    except (OSError, ValueError, AttributeError):
        return {}
    found: dict[str, str] = {}
    for asset in files.values() if type(files) is dict else ():
        match asset:
            case {"source": {"path": str(source)}, "destinations": dict(destinations)}:
                for destination in destinations.values():
                    if type(destination) is dict and type(destination.get("objectKey")) is str:
                        found[destination["objectKey"]] = os.path.join(path, source)
    return found


def _manifest(path: str) -> dict[str, Any]:
    file = os.path.join(path, "manifest.json")
    try:
        with open(file, "rb") as source:
            manifest = json.load(source)
    except (OSError, ValueError, RecursionError) as error:
        raise TemplateError(f"{file}: cannot be read: {error}") from None
    if type(manifest) is not dict:
        raise TemplateError(f"{file}: is no manifest")
    return manifest
