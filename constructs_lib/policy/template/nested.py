"""Which local files hold the templates of nested stacks."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.template.template import Template

_LOCATION = {
    "AWS::CloudFormation::Stack": "TemplateURL",
    "AWS::Serverless::Application": "Location",
}


def local_templates(template: Template) -> Iterator[tuple[str, str]]:
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
            os.path.join(folder, path)
            for path in (asset, location)
            if type(path) is str and "://" not in path
        ]
        for path in (*beside, _asset(template, location)):
            if path is not None and os.path.isfile(path):
                yield logical_id, os.path.normpath(path)
                break


def _asset(template: Template, location: object) -> str | None:
    """Find the asset whose key ends the last piece of text in a URL."""
    while type(location) is dict or type(location) is list:
        parts = list(location.values()) if type(location) is dict else location
        location = parts[-1] if parts else None
    return template.assets.get(location.rpartition("/")[2]) if type(location) is str else None
