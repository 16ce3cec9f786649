"""Modules that are imported when a request first needs them, and not in every init: :func:`lazy`, :class:`lazy_imports`.

Measured on a handler whose report needs pandas: the other requests never pay for it. What every request needs is imported
as usual: late, it would only move the cost from init into the first request's own time.
"""

from __future__ import annotations

import builtins
import sys
import threading
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any, Self


def lazy(name: str) -> Any:
    """Give a stand-in for a module, which imports the module when one of its names is first used.

    From then on the variable that holds the stand-in in the module that asked for it holds the real module: later uses
    cost nothing. Wherever else the stand-in went, it passes everything on. Threads may race: the module is imported once.

    To type checkers it is ``Any``; where its types matter, use :class:`lazy_imports`. Names *out of* a module cannot be
    late (``from x import y`` looks y up at once): write ``x.y`` where it is used.

    Args:
        name: the module's absolute name; of ``"a.b"``, the stand-in is for ``b``.

    Raises:
        ModuleNotFoundError: there is no such module, or no such package in front of the first dot: a typing mistake
            fails in init and not in the one request that needs it.

    Example:
        >>> fractions = lazy("fractions")
        >>> fractions.Fraction(1, 3) + 1
        Fraction(4, 3)
        >>> fractions is __import__("fractions")
        True
    """
    return _stand_in(name, sys._getframe(1))  # noqa: SLF001 - whose variable is to be replaced


class lazy_imports:  # noqa: N801 - reads as a verb: with lazy_imports(): ...
    """Make the import statements of a block late; type checkers see plain imports.

    At the top of a module::

        with lazy_imports():
            import boto3
            import matplotlib.pyplot as plt

    Each name is a stand-in as :func:`lazy` gives it. Only the statements of this block are late: what they import, when it
    is used, imports as usual. ``from x import y`` is refused, because it would look y up at once.

    Raises:
        ImportError: a ``from`` import in the block.
        ModuleNotFoundError: as for :func:`lazy`.
    """

    __slots__ = ("_frame", "_import", "_made", "_thread")

    def __enter__(self) -> Self:
        """Take the place of the interpreter's import for this block."""
        self._frame = sys._getframe(1)  # noqa: SLF001 - whose imports are late
        self._thread = threading.get_ident()
        self._made: dict[str, _StandIn] = {}
        self._import = builtins.__import__
        builtins.__import__ = self._late_or_not
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the interpreter its import back; from here on, a use imports."""
        builtins.__import__ = self._import
        for made in self._made.values():
            made.__dict__["_late_children"] = {}
        del self._frame

    def _late_or_not(  # with the names of the interpreter's own arguments: some pass them by name
        self,
        name: str,
        globals: Any = None,  # noqa: A002
        locals: Any = None,  # noqa: A002
        fromlist: Any = (),
        level: int = 0,
    ) -> ModuleType:
        if globals is not self._frame.f_globals or threading.get_ident() != self._thread:
            return self._import(name, globals, locals, fromlist, level)
        if fromlist or level:
            wanted = f"from {'.' * level}{name} import {', '.join(fromlist or ())}"
            raise ImportError(
                f"{wanted!r} cannot be late: import the module, and write its name where it is used"
            )
        return self._made_for(name)

    def _made_for(self, name: str) -> ModuleType:
        """Make stand-ins for ``a``, ``a.b`` and so on; give the first, which is what ``import a.b`` binds."""
        top, *rest = name.split(".")
        first = parent = self._one(top)
        for part in rest:
            child = self._one(f"{parent.__name__}.{part}")
            parent.__dict__["_late_children"][part] = (
                child  # for "import a.b as c", which asks a for b at once
            )
            parent = child
        first.__dict__["_late_also"].append(name)
        return first

    def _one(self, name: str) -> _StandIn:
        if name not in self._made:
            self._made[name] = _stand_in(name, self._frame)
        return self._made[name]


class _StandIn(ModuleType):
    """Looks like a module that nobody has used yet; its own state is in names that begin with ``_late``."""

    def __getattr__(self, name: str) -> Any:
        """Import the module, and give its name."""
        children = self.__dict__["_late_children"]
        return children[name] if name in children else getattr(_load(self), name)

    def __setattr__(self, name: str, value: object) -> None:
        """Set it on the module itself."""
        setattr(_load(self), name, value)

    def __delattr__(self, name: str) -> None:
        """Delete it from the module itself."""
        delattr(_load(self), name)

    def __dir__(self) -> list[str]:
        """List the names of the module itself."""
        return dir(_load(self))

    def __repr__(self) -> str:
        """Say what it stands for, without importing it."""
        return f"<module {self.__name__!r}, imported when first used>"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """Travel as the module's name: what comes out at the other end is the module."""
        return import_module, (self.__name__,)


def _stand_in(name: str, frame: FrameType) -> _StandIn:
    _refuse_missing(name)
    made = _StandIn(name)
    of = frame.f_globals
    place = f"{of.get('__name__')}, line {frame.f_lineno}"
    made.__dict__.update(_late_of=of, _late_place=place, _late_children={}, _late_also=[])
    return made


def _refuse_missing(name: str) -> None:
    top = name.partition(".")[0]
    if not top:
        raise ModuleNotFoundError(f"{name!r} cannot be late: give the module's absolute name", name=name)
    if top not in sys.modules and not any(finder.find_spec(top, None) for finder in sys.meta_path):
        raise ModuleNotFoundError(f"No module named {top!r}, so {name!r} cannot be imported later", name=top)


def _load(stand_in: _StandIn) -> ModuleType:
    """Import what is stood in for, and put it where the stand-in is."""
    state = stand_in.__dict__
    try:
        module = import_module(stand_in.__name__)
        for name in state["_late_also"]:
            import_module(name)
    except ImportError as error:
        error.add_note(
            f"{stand_in.__name__!r} is imported late: named in {state['_late_place']}, first used here"
        )
        raise
    of = state["_late_of"]
    for name in [name for name, value in of.copy().items() if value is stand_in]:
        of[name] = module
    return module
