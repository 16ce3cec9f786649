"""Nested stacks: which local files hold their templates, and reading them."""

from __future__ import annotations

import os

from constructs_lib.errors import TemplateError
from constructs_lib.policy.template.files import is_out_of_bounds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from constructs_lib.policy.template.template import Template

_LOCATION = {
    "AWS::CloudFormation::Stack": "TemplateURL",
    "AWS::Serverless::Application": "Location",
}
_DEEPEST = 10  # stacks within stacks; CloudFormation itself stops earlier


def attach_nested(template: Template, load: Callable[[str], Template], root: str) -> list[TemplateError]:
    """Read the local templates that a template's nested stacks name, and theirs; each file once.

    Args:
        template: what they are attached to.
        load: reads one of them.
        root: the folder that they have to be in, or below; the working directory counts too.

    Returns:
        One error for each that cannot be read; its stack stays without a template, and the rest goes on.
    """
    errors: list[TemplateError] = []
    loaded: dict[str, Template | None] = {}

    def attach(outer: Template, above: tuple[str, ...]) -> None:
        above = (*above, os.path.realpath(outer.file))
        for logical_id, path in _local_templates(outer):
            real = os.path.realpath(path)
            refusal = _refusal(real, above, root)
            if refusal:
                where = f"{outer.file}: nested stack {logical_id} deploys {path}"
                errors.append(TemplateError(f"{where}, {refusal}"))
                continue
            if real not in loaded:
                child = loaded[real] = _read(path, load, errors)
                if child:
                    errors.extend(child.problems)
                    child.assets = template.assets
                    attach(child, above)
            found = loaded[real]
            if found:
                outer.nested[logical_id] = found

    attach(template, ())
    return errors


def _refusal(path: str, above: tuple[str, ...], root: str) -> str | None:
    if path in above:
        return "which contains this one; take one of the two out of the other"
    if is_out_of_bounds(path, root):
        folder = root or "this folder"
        return (
            f"which is not below {folder} and so is not read; run constructs-lib in a folder that holds both"
        )
    return f"more than {_DEEPEST} stacks deep; flatten them" if len(above) > _DEEPEST else None


def _read(path: str, load: Callable[[str], Template], errors: list[TemplateError]) -> Template | None:
    try:
        return load(path)
    except TemplateError as error:
        errors.append(error)
        return None


def _local_templates(template: Template) -> Iterator[tuple[str, str]]:
    """List the nested stacks whose template is a file here: logical id and path.

    CDK names the file in the resource's metadata, or by an asset's key at the end of TemplateURL; before packaging,
    TemplateURL itself is a path.
    """
    folder = os.path.dirname(template.file)
    for logical_id, body in template.data["Resources"].items():
        if type(body) is not dict or body.get("Type") not in _LOCATION:
            continue
        metadata, properties = body.get("Metadata"), body.get("Properties")
        asset = metadata.get("aws:asset:path") if type(metadata) is dict else None
        location = properties.get(_LOCATION[body["Type"]]) if type(properties) is dict else None
        beside = [
            os.path.join(folder, os.path.normpath(path))
            for path in (asset, location)
            if type(path) is str and "://" not in path and "\0" not in path
        ]
        for path in (*beside, _asset(template, location)):
            if path is not None and os.path.isfile(path):
                yield logical_id, path
                break


def _asset(template: Template, location: object) -> str | None:
    """Find the asset whose key ends the last piece of text in a URL."""
    while type(location) is dict or type(location) is list:
        parts = list(location.values()) if type(location) is dict else location
        location = parts[-1] if parts else None
    return template.assets.get(location.rpartition("/")[2]) if type(location) is str else None
