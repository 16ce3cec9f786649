"""The code: a directory becomes an asset that depends on its sources alone."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from constructs_lib import ParametersExtension, RefusedError
from tests.compute.functions import make
from tests.synth import new_stack, only, synthesize, template_text


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Make a small package."""
    (tmp_path / "shop" / "deep").mkdir(parents=True)
    for module in ("orders.py", "shop/__init__.py", "shop/deep/__init__.py"):
        (tmp_path / module).write_text("def handler(event, context): ...\n")
    return tmp_path


def asset_of(source: Path | str) -> tuple[set[str], str]:
    """Synthesize a function of this code; give the files in its asset and the template."""
    stack = new_stack()
    make(stack, code=source, handler="orders.handler")
    text = template_text(stack)
    app = stack.node.root
    assert isinstance(app, cdk.App)
    (folder,) = Path(app.outdir).glob("asset.*")
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}, text


def test_bytecode_is_left_out(source: Path) -> None:
    """Caches of whichever Python last ran here do not get into the package, at any depth."""
    files, before = asset_of(source)
    for cache in ("__pycache__", "shop/__pycache__", "shop/deep/__pycache__"):
        (source / cache).mkdir()
        (source / cache / "orders.cpython-311.pyc").write_bytes(b"bytecode")
    (source / "shop" / "loose.pyc").write_bytes(b"bytecode")
    files_after, after = asset_of(str(source))
    assert files == files_after == {"orders.py", "shop/__init__.py", "shop/deep/__init__.py"}
    assert before == after


def test_changed_sources_make_another_asset(source: Path) -> None:
    """The asset's hash is of its content, and a new one deploys."""
    _, before = asset_of(source)
    (source / "orders.py").write_text("def handler(event, context): return 1\n")
    assert before != asset_of(source)[1]


@pytest.mark.parametrize("name", ["missing", "orders.py"])
def test_what_is_no_directory_is_refused(stack: cdk.Stack, source: Path, name: str) -> None:
    """A typing mistake in the path is found now and not as an empty package in production."""
    with pytest.raises(RefusedError, match=rf"code: got '.*{name}', which is no directory"):
        make(stack, code=source / name)


def test_code_may_be_a_container_image(stack: cdk.Stack) -> None:
    """Any L2 code passes; an image has no layers, not even none."""
    repository = cdk.aws_ecr.Repository(stack, "Images")
    make(
        stack,
        code=lambda_.Code.from_ecr_image(repository),
        handler=lambda_.Handler.FROM_IMAGE,
        runtime=lambda_.Runtime.FROM_IMAGE,
    )
    assert only(synthesize(stack), "AWS::Lambda::Function")["Properties"]["PackageType"] == "Image"


def test_layers_on_a_container_image_are_refused(stack: cdk.Stack) -> None:
    """The extension is a layer too; in an image it has to be part of the image."""
    with pytest.raises(RefusedError, match=r"layers: got 1, the extension's included, on a container image"):
        make(
            stack,
            code=lambda_.Code.from_ecr_image(cdk.aws_ecr.Repository(stack, "Images")),
            handler=lambda_.Handler.FROM_IMAGE,
            runtime=lambda_.Runtime.FROM_IMAGE,
            extension=ParametersExtension(),
        )
    assert stack.node.try_find_child("Orders") is None
