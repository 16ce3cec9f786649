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

    CDK names the file in the resource's metadata; before packaging, TemplateURL itself is a path.
    """
    folder = os.path.dirname(template.file)
    for logical_id, body in template.data["Resources"].items():
        if type(body) is not dict or body.get("Type") not in _LOCATION:
            continue
        metadata, properties = body.get("Metadata"), body.get("Properties")
        asset = metadata.get("aws:asset:path") if type(metadata) is dict else None
        location = properties.get(_LOCATION[body["Type"]]) if type(properties) is dict else None
        for candidate in (asset, location):
            if type(candidate) is str and "://" not in candidate:
                path = os.path.normpath(os.path.join(folder, candidate))
                if os.path.isfile(path):
                    yield logical_id, path
                    break
