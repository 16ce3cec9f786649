"""What must hold for the story to go on: the demo shows nothing that it has not checked."""

from __future__ import annotations


class UnexpectedError(Exception):
    """Something else happened than the demo is there to show."""


def expect(what: str, got: object, wanted: object) -> None:
    """Go on only if what happened is what should have.

    Raises:
        UnexpectedError: names what was looked at, what it was and what it should have been.
    """
    if got != wanted:
        raise UnexpectedError(f"{what}: got {got!r}; expected {wanted!r}")
