"""Late imports: nothing is loaded before it is used, and then it is the real module."""

from __future__ import annotations

import builtins
import pickle
import sys
import textwrap
import threading
import types
from typing import TYPE_CHECKING, Any, assert_type

import pytest

from constructs_lib.runtime.late_imports import lazy, lazy_imports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

with lazy_imports():
    import email.utils
    import fractions

BARREL = """
import pathlib, time
time.sleep(0.05)
with pathlib.Path(__file__).with_name("loads").open("a") as loads:
    loads.write(".")
answer = 42
def __getattr__(name):
    raise AttributeError(f"no {name} here")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a slow module ``barrel``, a package ``shop`` with ``shop.deep``, and a module that fails; forget them after."""
    (tmp_path / "barrel.py").write_text(BARREL)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("name = 'shop'\n")
    (tmp_path / "shop" / "deep.py").write_text("value = 7\n")
    (tmp_path / "broken.py").write_text("import no_such_module_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("barrel", "shop", "shop.deep", "broken"):
        sys.modules.pop(name, None)


def run(source: str) -> dict[str, Any]:
    """Run the source as a module, and give its variables."""
    module = types.ModuleType("app")
    exec(compile(textwrap.dedent(source), "app.py", "exec"), module.__dict__)  # noqa: S102 - the test's own text
    return module.__dict__


LAZY = "from constructs_lib.runtime.late_imports import lazy\nbarrel = lazy('barrel')\n"
BLOCK = """
from constructs_lib.runtime.late_imports import lazy_imports
with lazy_imports():
    import barrel
"""


@pytest.mark.parametrize("source", [LAZY, BLOCK])
def test_it_is_loaded_when_it_is_first_used_and_real_afterwards(folder: Path, source: str) -> None:
    """The variable holds the module itself then, the very one that everyone else imports."""
    app = run(source)
    stand_in = app["barrel"]
    assert "barrel" not in sys.modules
    assert repr(stand_in) == "<module 'barrel', imported when first used>"
    assert isinstance(stand_in, types.ModuleType)
    assert stand_in.answer == 42
    assert app["barrel"] is sys.modules["barrel"]
    assert stand_in.answer == 42
    assert (folder / "loads").read_text() == "."


def test_threads_that_race_import_it_once(folder: Path) -> None:
    """And none of them sees a module that is half there."""
    app = run(LAZY)
    stand_in, seen, start = app["barrel"], [], threading.Barrier(16)

    def use() -> None:
        start.wait()
        seen.append(stand_in.answer)

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [42] * 16
    assert (folder / "loads").read_text() == "."


@pytest.mark.usefixtures("folder")
def test_setting_and_deleting_reach_the_module_itself() -> None:
    """A test that patches a name of it patches what everyone sees."""
    stand_in = lazy("barrel")
    stand_in.answer = 43
    assert sys.modules["barrel"].answer == 43
    del stand_in.answer
    assert not hasattr(sys.modules["barrel"], "answer")
    assert "__getattr__" in dir(stand_in)


@pytest.mark.usefixtures("folder")
def test_a_pickled_stand_in_is_the_module_at_the_other_end() -> None:
    """It travels as a name, which an ordinary module refuses to do."""
    stand_in = lazy("barrel")
    assert pickle.loads(pickle.dumps(stand_in)) is sys.modules["barrel"]  # noqa: S301 - our own bytes


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("wrong", ["barel", "barel.deep"])
def test_a_typing_mistake_fails_at_once(wrong: str) -> None:
    """In init, where every deployment sees it, and not in the one request that needs the module."""
    with pytest.raises(ModuleNotFoundError, match="No module named 'barel'"):
        lazy(wrong)
    with pytest.raises(ModuleNotFoundError, match="No module named 'barel'"):
        run(
            f"from constructs_lib.runtime.late_imports import lazy_imports\nwith lazy_imports():\n    import {wrong}\n"
        )


def test_a_relative_name_is_refused() -> None:
    """It has no package to be relative to."""
    with pytest.raises(ModuleNotFoundError, match="absolute name"):
        lazy(".barrel")


@pytest.mark.usefixtures("folder")
def test_an_import_that_fails_late_says_where_it_was_named() -> None:
    """The traceback shows the use; the note shows the line that put the import off."""
    app = run("from constructs_lib.runtime.late_imports import lazy\n\nbroken = lazy('broken')\n")
    for _ in range(2):  # it fails each time alike
        with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all") as failed:
            app["broken"].anything  # noqa: B018
        assert failed.value.__notes__ == ["'broken' is imported late: named in app, line 3, first used here"]


@pytest.mark.usefixtures("folder")
def test_a_name_that_the_module_has_not_is_an_attribute_error() -> None:
    """In the module's own words."""
    with pytest.raises(AttributeError, match="no question here"):
        lazy("barrel").question  # noqa: B018


@pytest.mark.usefixtures("folder")
def test_submodules_in_every_form_of_the_statement() -> None:
    """``import a.b``, ``import a.b as c`` and ``lazy("a.b")`` give what their early forms give."""
    app = run("""
        from constructs_lib.runtime.late_imports import lazy, lazy_imports
        with lazy_imports():
            import shop.deep
            import shop.deep as deep
        other = lazy("shop.deep")
    """)
    assert not {"shop", "shop.deep"} & set(sys.modules)
    assert app["deep"].value == app["other"].value == app["shop"].deep.value == 7
    assert app["shop"].name == "shop"
    assert app["deep"] is app["other"] is sys.modules["shop.deep"]
    assert app["shop"] is sys.modules["shop"]


@pytest.mark.usefixtures("folder")
def test_from_imports_are_refused_in_the_block() -> None:
    """They would import at once, and nobody would notice; the interpreter's own import is back afterwards."""
    before = builtins.__import__
    with pytest.raises(ImportError, match=r"'from barrel import answer' cannot be late: import the module"):
        run("""
            from constructs_lib.runtime.late_imports import lazy_imports
            with lazy_imports():
                from barrel import answer
        """)
    assert builtins.__import__ is before
    assert "barrel" not in sys.modules


@pytest.mark.usefixtures("folder")
def test_imports_of_other_modules_and_threads_stay_early() -> None:
    """What an expression in the block, or a thread beside it, imports is imported as usual."""
    loaded: list[str] = []

    def elsewhere() -> None:
        exec("import shop; loaded.append(shop.name)", {"loaded": loaded})  # noqa: S102 - another module's globals

    with lazy_imports():
        assert __import__(name="os", globals=None, locals=None, fromlist=("path",), level=0).path
        elsewhere()
        thread = threading.Thread(target=lambda: loaded.append(__import__("shop.deep").deep.value))
        thread.start()
        thread.join()
    assert loaded == ["shop", 7]


def test_type_checkers_see_plain_imports() -> None:
    """``make check`` holds the types: a module that is imported late has those of a plain import, and no ``Any``."""
    assert_type(fractions.Fraction(1, 3).denominator, int)
    assert_type(email.utils.quote("a"), str)
    fractions.Fractoin = 3  # type: ignore[attr-defined]
    del fractions.Fractoin  # type: ignore[attr-defined]
