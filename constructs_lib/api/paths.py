"""Route paths: what a path may look like, and which paths cannot stand beside each other."""

from __future__ import annotations

import re

from constructs_lib.errors import RefusedError

_PART = re.compile(r"[A-Za-z0-9._:-]+|\{[A-Za-z0-9._-]+\+?\}")


def check_path(subject: str, path: str) -> tuple[str, ...]:
    """Return the names of the path parameters, in order; ``{name+}`` takes all the rest of a path.

    Raises:
        RefusedError: a path that API Gateway would not take.
    """

    def refuse(got: str, allowed: str, fix: str) -> RefusedError:
        return RefusedError(f"{subject}: path", got=got, allowed=allowed, fix=fix)

    if not isinstance(path, str):
        raise refuse(repr(path), "a string", "/orders/{id}")
    if "${Token[" in path:
        raise refuse("a token, whose value is known only at deploy time", "a literal path", "write the path")
    if not path.startswith("/") or (path.endswith("/") and path != "/"):
        tidy = f"/{path.strip('/')}"
        raise refuse(repr(path), "a path that starts with / and does not end with it", f"{tidy!r}")
    parts = path.split("/")[1:] if path != "/" else []
    for position, part in enumerate(parts):
        if not _PART.fullmatch(part):
            allowed = "parts of letters, digits, . _ : -, or one whole {parameter}"
            raise refuse(f"{part!r} in {path!r}", allowed, "/orders/{id}")
        if part.endswith("+}") and position < len(parts) - 1:
            raise refuse(
                f"{part!r} before other parts", "{name+} as the last part", "drop the +, or what follows"
            )
    names = tuple(part.strip("{+}") for part in parts if part.startswith("{"))
    if len(set(names)) < len(names):
        raise refuse(f"a path parameter twice in {path!r}", "each name once", "rename one of them")
    return names


class PathTree:
    """The paths of one API: API Gateway keeps one path parameter per place, whatever it is called."""

    def __init__(self) -> None:
        self._parameters: dict[str, str] = {}

    def check(self, subject: str, path: str) -> None:
        """Refuse a path parameter that another route calls differently.

        Raises:
            RefusedError: unknown path parameter, as the place is already taken by another name.
        """
        for place, part in _places(path):
            taken = self._parameters.get(place, part)
            if taken != part:
                raise RefusedError(
                    f"{subject}: path",
                    got=f"unknown path parameter {part} after {place!r}",
                    allowed=f"{taken}, as another route calls it: API Gateway keeps one name per place",
                    fix=f"{path.replace(part, taken, 1)!r}",
                )

    def add(self, path: str) -> None:
        """Remember the names of a path's parameters."""
        self._parameters.update(_places(path))


def _places(path: str) -> list[tuple[str, str]]:
    parts = path.split("/")
    return [
        ("/".join(parts[:index]) or "/", part) for index, part in enumerate(parts) if part.startswith("{")
    ]
