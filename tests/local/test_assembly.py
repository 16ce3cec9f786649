"""A cloud assembly is copied for the local AWS: templates and hashes changed together, assets where they were."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib.errors import LocalAwsError
from constructs_lib.local.assembly import localize_assembly
from tests.local.assemblies import tiny_template, write_assembly

if TYPE_CHECKING:
    from pathlib import Path

PORT = 40_123
HASH = re.compile(r"[0-9a-f]{64}")


def read(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text())


def hashes(path: Path) -> set[str]:
    """Return the hashes that a file names."""
    return set(HASH.findall(path.read_text()))


def test_template_is_localized_and_original_stays(tmp_path: Path) -> None:
    """The copy's template went through the profile; the source is untouched."""
    source = write_assembly(tmp_path / "cdk.out", tiny_template())
    before = {path.name: path.read_bytes() for path in source.iterdir()}
    assembly = localize_assembly(source, tmp_path / "local", extension_port=PORT)
    resources = read(tmp_path / "local" / "Tiny.template.json")["Resources"]
    assert "Scaling" not in resources
    assert resources["Function"]["Properties"]["Environment"]["Variables"] == {
        "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(PORT)
    }
    assert [change.logical_id for change in assembly.changes["Tiny.template.json"]] == ["Scaling", "Function"]
    assert {path.name: path.read_bytes() for path in source.iterdir()} == before


def test_changed_template_has_a_new_hash_everywhere(tmp_path: Path) -> None:
    """Asset manifest and stack artifact name one hash, and it is not the original's."""
    source = write_assembly(tmp_path / "cdk.out", tiny_template())
    localize_assembly(source, tmp_path / "local", extension_port=PORT)
    (new,) = hashes(tmp_path / "local" / "Tiny.assets.json")
    assert hashes(tmp_path / "local" / "manifest.json") == {new}
    assert hashes(source / "manifest.json") != {new}


def test_same_app_gives_the_same_copy(tmp_path: Path) -> None:
    """Two copies of one app with one port are byte for byte the same; another port makes another hash."""
    source = write_assembly(tmp_path / "cdk.out", tiny_template())
    files = []
    for name, port in (("a", PORT), ("b", PORT), ("c", PORT + 1)):
        localize_assembly(source, tmp_path / name, extension_port=port)
        files.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert files[0] == files[1]
    assert files[0]["manifest.json"] != files[2]["manifest.json"]


def test_assets_are_found_where_they_were(tmp_path: Path) -> None:
    """Handlers are not copied: the manifest names them by their full path."""
    source = write_assembly(tmp_path / "cdk.out", tiny_template())
    manifest = read(source / "Tiny.assets.json")
    manifest["files"]["b" * 64] = {"source": {"path": "asset.bbb", "packaging": "zip"}, "destinations": {}}
    (source / "Tiny.assets.json").write_text(json.dumps(manifest))
    (source / "asset.bbb").mkdir()
    localize_assembly(source, tmp_path / "local", extension_port=PORT)
    moved = read(tmp_path / "local" / "Tiny.assets.json")["files"]["b" * 64]
    assert moved["source"]["path"] == str(source / "asset.bbb")
    assert not (tmp_path / "local" / "asset.bbb").exists()


def test_parent_names_its_nested_stack_by_the_new_hash(tmp_path: Path) -> None:
    """The URL of a nested stack in its parent's template follows the nested template's new hash."""
    nested = "c" * 64
    parent = {
        "Resources": {
            "N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": f"s3/{nested}.json"}}
        }
    }
    source = write_assembly(tmp_path / "cdk.out", parent)
    manifest = read(source / "Tiny.assets.json")
    manifest["files"][nested] = {
        "source": {"path": "N.nested.template.json", "packaging": "file"},
        "destinations": {},
    }
    (source / "Tiny.assets.json").write_text(json.dumps(manifest))
    (source / "N.nested.template.json").write_text(json.dumps(tiny_template()))
    assembly = localize_assembly(source, tmp_path / "local", extension_port=PORT)
    (named,) = hashes(tmp_path / "local" / "Tiny.template.json")
    assert named != nested
    assert (
        read(tmp_path / "local" / "Tiny.assets.json")["files"][named]["source"]["path"]
        == "N.nested.template.json"
    )
    assert "N.nested.template.json" in assembly.changes


def test_stages_are_localized_too(tmp_path: Path) -> None:
    """A nested assembly's templates are rewritten, and its stacks are known with their place."""
    source = write_assembly(tmp_path / "cdk.out", {"Resources": {}}, stack="Top")
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-dev"}}
    manifest = read(source / "manifest.json")
    manifest["artifacts"]["assembly-dev"] = stage
    (source / "manifest.json").write_text(json.dumps(manifest))
    write_assembly(
        source / "assembly-dev",
        tiny_template(),
        stack="Inner",
        environment="aws://111111111111/eu-west-1",
        stackName="dev-inner",
    )
    assembly = localize_assembly(source, tmp_path / "local", extension_port=PORT)
    assert [(stack.id, stack.name, stack.account, stack.region) for stack in assembly.stacks] == [
        ("Top", "Top", None, None),
        ("Inner", "dev-inner", "111111111111", "eu-west-1"),
    ]
    assert "Scaling" not in read(tmp_path / "local" / "assembly-dev" / "Inner.template.json")["Resources"]


def test_bootstrap_qualifier_is_known(tmp_path: Path) -> None:
    """A stack tells which bootstrap resources it needs, or that it needs none."""
    own = write_assembly(
        tmp_path / "own", {"Resources": {}}, bootstrapStackVersionSsmParameter="/cdk-bootstrap/mine/version"
    )
    none = write_assembly(tmp_path / "none", {"Resources": {}}, bootstrapStackVersionSsmParameter="")
    found = [
        localize_assembly(source, tmp_path / "local", extension_port=PORT).stacks[0].qualifier
        for source in (own, none)
    ]
    assert found == ["mine", ""]


def test_container_images_are_refused(tmp_path: Path) -> None:
    """An app that builds container images is refused with the image's name."""
    source = write_assembly(tmp_path / "cdk.out", tiny_template())
    manifest = read(source / "Tiny.assets.json")
    manifest["dockerImages"] = {"d" * 64: {"displayName": "Worker/Image"}}
    (source / "Tiny.assets.json").write_text(json.dumps(manifest))
    with pytest.raises(LocalAwsError, match="builds Worker/Image; allowed: zip packages"):
        localize_assembly(source, tmp_path / "local", extension_port=PORT)


@pytest.mark.parametrize(("content", "message"), [(None, "holds no manifest.json"), ("[", "cannot be read")])
def test_what_is_no_assembly_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    """A directory without a manifest, or with a broken one, is refused, and the target stays as it was."""
    (tmp_path / "local").mkdir()
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(LocalAwsError, match=message):
        localize_assembly(tmp_path, tmp_path / "local", extension_port=PORT)
    assert list((tmp_path / "local").iterdir()) == []
