"""A cloud assembly for the local AWS: a copy of ``cdk.out`` whose templates went through the local profile.

``cdk deploy --app`` takes the copy as it takes the original, so any CDK app can be deployed without a change in its
code. Assets stay where they are; only templates and manifests are written anew. A template is an asset too, stored
under its hash: changed templates get a new hash everywhere, or a second deploy would find the old one already there.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from constructs_lib.errors import LocalAwsError
from constructs_lib.local.profile import Change, localize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ENVIRONMENT = re.compile(r"aws://(?P<account>[^/]+)/(?P<region>.+)")
_BOOTSTRAP = re.compile(r"/cdk-bootstrap/(?P<qualifier>[^/]+)/version")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Stack:
    """A stack of an assembly: the id the CDK CLI selects it by, and where it goes (None: wherever one deploys).

    ``qualifier`` names the bootstrap resources that it needs; empty where it needs none.
    """

    id: str
    name: str
    account: str | None
    region: str | None
    qualifier: str


@dataclass(frozen=True)
class Assembly:
    """A localized assembly, ready for ``cdk deploy --app``.

    Args:
        directory: where it is.
        stacks: its stacks, nested assemblies (stages) included.
        changes: what the local profile changed, by stack template file.
    """

    directory: Path
    stacks: tuple[Stack, ...]
    changes: dict[str, list[Change]] = field(default_factory=dict)


def localize_assembly(source: Path, target: Path, *, extension_port: int) -> Assembly:
    """Write a copy of a synthesized cloud assembly for the local AWS.

    Args:
        source: the assembly, usually ``cdk.out``; it is left as it is.
        target: a directory for the copy; what is there is replaced.
        extension_port: where the extension stand-in answers.

    Raises:
        LocalAwsError: the source is no assembly, needs container images, or a template cannot be localized.
    """
    read_manifest(source)
    shutil.rmtree(target, ignore_errors=True)
    stacks: list[Stack] = []
    changes: dict[str, list[Change]] = {}
    for directory, place in _copy(source, target):
        stacks += _stacks(directory)
        changes |= _localize_templates(directory, place, extension_port)
    return Assembly(target, tuple(stacks), changes)


def read_manifest(directory: Path) -> dict[str, Any]:
    """Read the manifest of a cloud assembly.

    Raises:
        LocalAwsError: there is none, or it is not one.
    """
    try:
        manifest = json.loads((directory / "manifest.json").read_text())
        return {**manifest, "artifacts": dict(manifest.get("artifacts", {}))}
    except FileNotFoundError as error:
        raise LocalAwsError(
            f"{directory} holds no manifest.json; allowed: a cloud assembly, as cdk synth writes one; "
            "fix: give the app's directory (with cdk.json) or its cdk.out"
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise LocalAwsError(
            f"{directory}/manifest.json cannot be read: {error}; fix: run cdk synth again"
        ) from error


def _copy(source: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    """Copy the files of an assembly, not its assets; give each (nested) assembly with its copy."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_file() and not path.name.startswith("asset."):
            shutil.copyfile(path, target / path.name)
    yield source, target
    for artifact in read_manifest(source)["artifacts"].values():
        if artifact.get("type") == "cdk:cloud-assembly":
            name = artifact["properties"]["directoryName"]
            yield from _copy(source / name, target / name)


def _stacks(directory: Path) -> Iterator[Stack]:
    for name, artifact in read_manifest(directory)["artifacts"].items():
        if artifact.get("type") == "aws:cloudformation:stack":
            place = _ENVIRONMENT.fullmatch(artifact.get("environment", ""))
            known = {
                part: None if value.startswith("unknown-") else value
                for part, value in (place.groupdict() if place else {}).items()
            }
            properties = artifact.get("properties", {})
            version = _BOOTSTRAP.fullmatch(properties.get("bootstrapStackVersionSsmParameter", ""))
            yield Stack(
                artifact.get("displayName", name),
                properties.get("stackName", name),
                known.get("account"),
                known.get("region"),
                version["qualifier"] if version else "",
            )


def _localize_templates(source: Path, target: Path, port: int) -> dict[str, list[Change]]:
    """Rewrite the templates of one assembly, give them new hashes, and put these into whatever names the old."""
    texts: dict[Path, str] = {}
    changes: dict[str, list[Change]] = {}
    for file in sorted(target.glob("*.template.json")):
        template, changes[file.name] = localize(json.loads(file.read_text()), extension_port=port)
        texts[file] = json.dumps(template, indent=1)
    hashes = _rename(texts, _template_hashes(target))
    for file in (*target.glob("*.assets.json"), target / "manifest.json"):
        texts[file] = file.read_text()
        if file.name.endswith(".assets.json"):
            texts[file] = _point_at(source, json.loads(texts[file]))
    for file, text in texts.items():
        file.write_text(_HASH.sub(lambda found: hashes.get(found[0], found[0]), text))
    return changes


def _template_hashes(directory: Path) -> set[str]:
    return {
        key
        for manifest in directory.glob("*.assets.json")
        for key, asset in json.loads(manifest.read_text()).get("files", {}).items()
        if _is_template(asset)
    }


def _is_template(asset: dict[str, Any]) -> bool:
    return str(asset.get("source", {}).get("path", "")).endswith(".template.json")


def _rename(texts: dict[Path, str], hashes: set[str]) -> dict[str, str]:
    """Give every template hash a new one made of all templates: a parent names its nested stacks by their hashes."""
    salt = "".join(texts[file] for file in sorted(texts))
    return {old: hashlib.sha256(f"{old}{salt}".encode()).hexdigest() for old in hashes}


def _point_at(source: Path, manifest: dict[str, Any]) -> str:
    """Make an asset manifest find its assets from anywhere; its templates are beside it."""
    if manifest.get("dockerImages"):
        images = ", ".join(image.get("displayName", key) for key, image in manifest["dockerImages"].items())
        raise LocalAwsError(
            f"container images: the app builds {images}; allowed: zip packages, as the local AWS runs handlers as "
            "plain processes; fix: leave these functions out where the app is deployed locally"
        )
    for asset in manifest.get("files", {}).values():
        where = asset.get("source", {})
        if "path" in where and not _is_template(asset):
            where["path"] = str((source / where["path"]).resolve())
    return json.dumps(manifest, indent=1)
