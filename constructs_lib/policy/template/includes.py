"""``AWS::Include`` of a file that lies beside the template: put in its place, as ``sam package`` does with what it uploads."""

from __future__ import annotations

import os

from constructs_lib.errors import TemplateError
from constructs_lib.policy.template.files import is_out_of_bounds, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.template.template import Template

_TRANSFORM, _INCLUDE = "Fn::Transform", "AWS::Include"


def put_in_files(template: Template) -> None:
    """Put the files that a template includes into its resources; those that are elsewhere stay unknown."""
    todo: list[Any] = [template.data.get("Resources")]
    seen: set[int] = set()
    while todo:
        here = todo.pop()
        if type(here) not in {dict, list} or id(here) in seen:
            continue
        seen.add(id(here))
        if type(here) is dict:
            location = _location(here.get(_TRANSFORM))
            if location is not None:
                _put_in(here, location, template)
        todo += here.values() if type(here) is dict else here


def _location(transform: Any) -> str | None:
    """Say which file a transform includes; None if it is no include, or of something that has been uploaded."""
    if type(transform) is not dict or transform.get("Name") != _INCLUDE:
        return None
    parameters = transform.get("Parameters")
    location = parameters.get("Location") if type(parameters) is dict else None
    return location if type(location) is str and "://" not in location else None


def _put_in(here: dict[str, Any], location: str, template: Template) -> None:
    from constructs_lib.policy.template.yaml_file import parse_yaml  # noqa: PLC0415 - yaml is slow to load

    folder = os.path.dirname(template.file)
    path = os.path.join(folder, location)
    if not os.path.isfile(path):
        return
    if is_out_of_bounds(path, folder):
        where = (
            f"{template.file}: Location {location} is not below {folder or 'this folder'} and so is not read"
        )
        template.problems.append(TemplateError(f"{where}; run constructs-lib in a folder that holds both"))
        return
    try:
        included = parse_yaml(text_of(path), path)
    except TemplateError as error:
        template.problems.append(error)
        return
    if type(included) is dict:
        del here[_TRANSFORM]
        here |= {key: value for key, value in included.items() if key not in here}
