"""The keys under which a decorated function's values are kept: complete, and never two values under one."""

from __future__ import annotations

from string import Formatter

from constructs_lib.errors import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_VARIADIC = 0x04 | 0x08  # inspect.CO_VARARGS and CO_VARKEYWORDS; inspect takes 8 ms to load


def key_maker(key: str | Callable[..., str], function: Callable[..., Any]) -> Callable[..., str]:
    """Make a function that gives the key for a call.

    Args:
        key: a text that names every argument of the function in braces, or a function of the same arguments.
        function: what is cached.

    Raises:
        RefusedError: an argument is missing: calls that differ in it would get each other's values.

    Example:
        >>> def seats(stadium, block="A"): ...
        >>> key_maker("seats:{stadium}:{block}", seats)("Wembley 1")
        'seats:Wembley%201:A'
    """
    if callable(key):
        return key
    code: CodeType | None = getattr(function, "__code__", None)
    named = [
        name
        for _, name, form, conversion in Formatter().parse(key)
        if name is not None and not (form or conversion)
    ]
    names = () if code is None else code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if code is None or code.co_flags & _VARIADIC or sorted(set(named)) != sorted(names):
        wanted = ", ".join(f"{{{name}}}" for name in names) or "no braces"
        what = getattr(function, "__name__", "a callable")
        raise RefusedError(
            f"cached: key of {what}",
            got=repr(key),
            allowed=f"a text with every argument in it: {wanted}",
            fix="name them all, or pass a function of the same arguments that gives the key",
        )
    return _Template(key, names[: code.co_argcount], _defaults(function))


def _defaults(function: Any) -> dict[str, object]:
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    given = function.__defaults__ or ()
    return dict(zip(names[len(names) - len(given) :], given, strict=True)) | (function.__kwdefaults__ or {})


class _Template:
    __slots__ = ("_defaults", "_names", "_text")

    def __init__(self, text: str, names: tuple[str, ...], defaults: dict[str, object]) -> None:
        self._text, self._names, self._defaults = text, names, defaults

    def __call__(self, *arguments: object, **named: object) -> str:
        given = {**self._defaults, **dict(zip(self._names, arguments, strict=False)), **named}
        return self._text.format_map({name: _escaped(name, value) for name, value in given.items()})


def _escaped(name: str, value: object) -> str:
    if value is not None and not isinstance(value, (str, int, float)):
        raise RefusedError(
            f"cached: argument {name}",
            got=type(value).__name__,
            allowed="text, numbers, booleans and None, which have one spelling",
            fix="pass a function of the same arguments that gives the key",
        )
    # A value with a colon in it must not read like two values.
    return "".join(
        sign if sign in _PLAIN else "".join(f"%{byte:02X}" for byte in sign.encode()) for sign in str(value)
    )
