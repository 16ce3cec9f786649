"""What an import costs and whom to ask: the profile, and the assertion that stands on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from constructs_lib.errors import RefusedError
from constructs_lib.measure.imports import ImportFailedError, profile
from constructs_lib.testing import assert_import_budget

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a handler behind a module that imports everything, one of it slowly."""
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "handler.py").write_text(
        "import os\nfrom . import barrel\n\ndef handler(event, context): ...\n"
    )
    (package / "barrel.py").write_text(
        "'''Imports everything.'''\nimport slow.deep\nfrom shop import quick\n"
    )
    (package / "quick.py").write_text("print('printed by a handler')\n")
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "__init__.py").write_text("import time\ntime.sleep(0.2)\n")
    (tmp_path / "slow" / "deep.py").write_text("")
    return tmp_path


def test_the_profile_names_the_lines_that_cost(folder: Path) -> None:
    """The costliest first, each with the place where it can be changed."""
    found = profile("shop.handler", path=folder, runs=2)
    assert found.seconds > 0.2
    assert {"shop.handler", "shop.barrel", "slow", "slow.deep", "shop.quick"} <= set(found.modules)
    costliest = [(each.named, each.place) for each in found.costliest(3)]
    assert costliest == [
        ("shop.barrel", "shop/handler.py:2"), ("slow.deep", "shop/barrel.py:2"), ("shop.quick", "shop/barrel.py:3"),
    ]  # fmt: skip
    assert [step.place for step in found.way_to("slow.deep")] == ["shop/handler.py:2", "shop/barrel.py:2"]
    assert found.way_to("pandas") == []


def test_a_handler_may_be_named_as_lambda_names_it(folder: Path) -> None:
    """``module.function``, and with slashes too, as the handler's setting takes it."""
    for name in ("shop.handler.handler", "shop/handler.handler"):
        assert "shop.handler" in profile(name, path=folder, runs=1).modules


def test_an_import_within_its_budget_passes(folder: Path) -> None:
    """And leaves no bytecode in the user's folder."""
    assert_import_budget("shop.handler", seconds=60, forbid=["pandas", "slow.shallow"], path=folder, runs=1)
    assert list(folder.rglob("__pycache__")) == []


def test_one_that_takes_too_long_says_what_took_it(folder: Path) -> None:
    """The arithmetic, the costliest lines, and the cure."""
    with pytest.raises(AssertionError) as failed:
        assert_import_budget("shop.handler", seconds=0.1, path=folder, runs=2)
    first, *lines, cure = str(failed.value).splitlines()
    assert first.startswith("shop.handler takes 0.")
    assert first.endswith("s to import (best of 2), and may take 0.1 s")
    assert lines[1].endswith("s  slow.deep, by shop/barrel.py:2")
    assert "constructs_lib.runtime.lazy" in cure


def test_what_is_forbidden_is_named_with_the_way_to_it(folder: Path) -> None:
    """Whoever reads it knows which line to change."""
    with pytest.raises(AssertionError) as failed:
        assert_import_budget("shop.handler", seconds=60, forbid=["slow"], path=folder, runs=1)
    assert str(failed.value).splitlines()[:3] == [
        "shop.handler brings in slow, which is forbidden",
        "  shop/handler.py:2 imports shop.barrel",
        "  shop/barrel.py:2 imports slow.deep",
    ]


@pytest.mark.parametrize("name", ["shop.handelr", "nothing.handler", "shop.handler.missing"])
def test_a_handler_that_is_not_there_fails_the_test(folder: Path, name: str) -> None:
    """In the interpreter's own words, and without ours."""
    with pytest.raises(
        AssertionError, match=rf"^{name} cannot be imported:\nModuleNotFoundError: No module named '"
    ):
        assert_import_budget(name, seconds=60, path=folder)
    with pytest.raises(ImportFailedError):
        profile(name, path=folder)


def test_a_handler_that_fails_shows_where(folder: Path) -> None:
    """Its own lines alone: what imported it is no help to anybody."""
    (folder / "shop" / "barrel.py").write_text("import os\nTABLE = os.environ['NO_SUCH_VARIABLE_AT_ALL']\n")
    with pytest.raises(AssertionError) as failed:
        assert_import_budget("shop.handler", seconds=60, path=folder)
    first, *lines = str(failed.value).splitlines()
    assert first == "shop.handler cannot be imported:"
    assert [line.rpartition("/")[2] for line in lines if "File " in line and "frozen" not in line] == [
        'handler.py", line 2, in <module>', 'barrel.py", line 2, in <module>',
    ]  # fmt: skip
    assert lines[-1] == "KeyError: 'NO_SUCH_VARIABLE_AT_ALL'"
    assert "import_in_a_child" not in str(failed.value)


def test_arguments_that_cannot_be_are_refused(folder: Path) -> None:
    """A bare string would forbid its letters."""
    with pytest.raises(RefusedError, match=r"forbid: got 'pandas'; allowed: a list; fix: \['pandas'\]"):
        assert_import_budget("shop.handler", seconds=1, forbid="pandas", path=folder)
    with pytest.raises(RefusedError, match="seconds: got 0"):
        assert_import_budget("shop.handler", seconds=0, path=folder)
    with pytest.raises(RefusedError, match="runs: got 0"):
        assert_import_budget("shop.handler", seconds=1, runs=0, path=folder)
    with pytest.raises(RefusedError, match="no_such_folder"):
        assert_import_budget("shop.handler", seconds=1, path=folder / "no_such_folder")
