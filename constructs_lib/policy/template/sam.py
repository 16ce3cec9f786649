"""SAM templates: AWS's own translator turns them into CloudFormation, offline."""

from __future__ import annotations

import copy
import logging
import os

from constructs_lib.errors import TemplateError
from constructs_lib.policy.template.files import is_out_of_bounds, text_of
from constructs_lib.policy.template.template import checked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from samtranslator.model.exceptions import InvalidDocumentException

    from constructs_lib.policy.template.template import Template

_CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_DEFINITION = {
    "AWS::Serverless::Api": "DefinitionBody",
    "AWS::Serverless::HttpApi": "DefinitionBody",
    "AWS::Serverless::StateMachine": "Definition",
}
_ALIASES = {"AWS::Lambda::Alias", "AWS::StepFunctions::StateMachineAlias"}
_ELSEWHERE = {"InlineCode", "ImageUri"}
_NO_APPLICATION = "https://nowhere/"  # else the translator asks the Serverless Application Repository
_NOWHERE = "s3://bucket/key"  # the translator insists on uploaded code, which no timeout depends on


class _NoPolicies:
    def load(self) -> dict[str, str]:
        """Know no managed policy by name; the translator then keeps the names it is given."""
        return {}


def transformed(template: Template) -> Template:
    """Transform a SAM template; places still point into the original.

    Raises:
        TemplateError: the translator is not installed, or it refuses the template; the message holds its words.
    """
    try:
        from samtranslator.model.exceptions import InvalidDocumentException  # noqa: PLC0415 - takes a second to load
        from samtranslator.translator.transform import transform  # noqa: PLC0415
    except ImportError:
        raise TemplateError(
            f"{template.file}: is a SAM template, which needs aws-sam-translator: pip install 'constructs-lib[sam]'"
        ) from None
    logging.getLogger("samtranslator").addHandler(
        logging.NullHandler()
    )  # else its metrics end on standard error
    source = copy.deepcopy(template.data)
    if template.has_loops:
        _unroll(source, template)
    _point_elsewhere(source, template)
    aliases = _named_after_parameters(source)
    try:
        with _Region():
            made = transform(source, _defaults(source), _NoPolicies())
    except InvalidDocumentException as error:
        raise _refusal(template, error) from None
    except Exception as error:  # noqa: BLE001 - the translator raises whatever it meets on malformed input
        raise TemplateError(
            f"{template.file}: the SAM translator cannot read it: {type(error).__name__}: {str(error)[:200]}; "
            f"compare it with what `sam validate --lint` says"
        ) from None
    _name_by_parameters(made, aliases)
    template.source, template.data = template.data, made
    return checked(template)


def _refusal(template: Template, error: InvalidDocumentException) -> TemplateError:
    """Say what the translator refused, at the first resource that it names."""
    reasons = "; ".join(cause.message for cause in error.causes) or error.message
    named = [str(getattr(cause, "_logical_id", "")) for cause in error.causes]
    line, _ = template.locate(("Resources", *named[:1]))
    return TemplateError(f"{template.file}:{line}: SAM: {reasons}")


class _Region:
    """The translator asks for a region and makes nothing of it here; give one where the environment has none."""

    def __enter__(self) -> None:
        self._before = os.environ.get("AWS_DEFAULT_REGION")
        os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

    def __exit__(self, *exception: object) -> None:
        if self._before is None:
            del os.environ["AWS_DEFAULT_REGION"]


def _defaults(source: dict[str, Any]) -> dict[str, Any]:
    parameters = source.get("Parameters")
    items = parameters.items() if type(parameters) is dict else ()
    return {name: body["Default"] for name, body in items if type(body) is dict and "Default" in body}


def _unroll(source: dict[str, Any], template: Template) -> None:
    """Write out Fn::ForEach, as AWS does before it transforms SAM; a loop that cannot be known is left to the translator."""
    from constructs_lib.policy.values import System  # noqa: PLC0415 - few SAM templates have loops

    (stack,) = System([template]).stacks
    if not any(key.startswith("Fn::ForEach::") for key in stack.hidden):
        source["Resources"] = {
            resource.id: copy.deepcopy(resource.raw) for resource in stack.resources.values()
        }
        source |= {
            name: made for name, made in (("Conditions", stack.formulas), ("Outputs", stack.outputs)) if made
        }


def _point_elsewhere(source: dict[str, Any], template: Template) -> None:
    for kind, properties in _serverless(source):
        uri = _CODE.get(kind)
        if (
            uri
            and not _is_uploaded(properties.get(uri))
            and not _ELSEWHERE & properties.keys()
            and properties.get("PackageType") != "Image"
        ):
            properties[uri] = _NOWHERE
        location = properties.get("Location") if kind == "AWS::Serverless::Application" else None
        if type(location) is dict:
            properties["Location"] = _NO_APPLICATION
        if kind in _DEFINITION and type(properties.get("DefinitionUri")) is str:
            _inline(properties, kind, template)
        if kind == "AWS::Serverless::Function" and properties.get("PackageType") == "Image":
            properties.setdefault("ImageUri", "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:tag")


def _is_uploaded(code: object) -> bool:
    """Tell whether the translator takes this as uploaded code: in deployment it has the value of a parameter, here not."""
    return "Bucket" in code if type(code) is dict else str(code).startswith("s3://")


def _named_after_parameters(source: dict[str, Any]) -> set[str]:
    """Name aliases after the parameters that will name them, as the translator insists on knowing the name."""
    known, names = _defaults(source), set()
    shared = source.get("Globals")
    everywhere = list(shared.values()) if type(shared) is dict else []
    for properties in [*(properties for _, properties in _serverless(source)), *everywhere]:
        if type(properties) is not dict:
            continue
        alias = properties.get("AutoPublishAlias")
        name = alias.get("Ref") if type(alias) is dict and len(alias) == 1 else None
        if type(name) is str and name in (source.get("Parameters") or ()) and name not in known:
            properties["AutoPublishAlias"] = name
            names.add(name)
        if type(properties.get("AutoPublishCodeSha256")) is dict:
            del properties["AutoPublishCodeSha256"]  # only decides when a version is published
    return names


def _name_by_parameters(made: dict[str, Any], names: set[str]) -> None:
    for body in made["Resources"].values() if names else ():
        properties = body.get("Properties")
        if body.get("Type") in _ALIASES and properties.get("Name") in names:
            properties["Name"] = {"Ref": properties["Name"]}


def _serverless(source: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for body in source["Resources"].values():
        kind = body.get("Type") if type(body) is dict else None
        if type(kind) is str and kind.startswith("AWS::Serverless::"):
            yield kind, body.setdefault("Properties", {}) if type(body.get("Properties", {})) is dict else {}
    shared = source.get("Globals")
    if type(shared) is dict and type(shared.get("Function")) is dict and "CodeUri" in shared["Function"]:
        shared["Function"]["CodeUri"] = _NOWHERE


def _inline(properties: dict[str, Any], kind: str, template: Template) -> None:
    """Put a definition that lies beside the template into it."""
    from constructs_lib.policy.template.yaml_file import parse_yaml  # noqa: PLC0415 - yaml is slow to load

    uri = properties["DefinitionUri"]
    if uri.startswith("s3://"):
        return
    folder = os.path.dirname(template.file)
    path = os.path.join(folder, uri)
    properties["DefinitionUri"] = _NOWHERE
    if not os.path.isfile(path):
        return
    if is_out_of_bounds(path, folder):
        where = (
            f"{template.file}: DefinitionUri {uri} is not below {folder or 'this folder'} and so is not read"
        )
        template.problems.append(TemplateError(f"{where}; run constructs-lib in a folder that holds both"))
        return
    del properties["DefinitionUri"]
    properties[_DEFINITION[kind]] = parse_yaml(text_of(path), path)
