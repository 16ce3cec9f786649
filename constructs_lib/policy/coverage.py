"""What a check could not decide, and why: unknown is never a finding, and never silent."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.values import Place


class Gap:
    """Something that could not be followed or decided: where, and why."""

    __slots__ = ("place", "reason")

    def __init__(self, place: Place, reason: str) -> None:
        self.place, self.reason = place, reason

    def __repr__(self) -> str:
        """Write it as one line."""
        return f"{self.place.resource.id}.{self.place.property_path}: {self.reason}"


class Coverage:
    """How much of a system a check has seen.

    Attributes:
        followed: edges that lead to a function.
        missed: references that may lead to a function and could not be followed.
        unknowns: numbers that a rule needed and that the templates do not tell.
    """

    __slots__ = ("_missed", "_unknowns", "followed")

    def __init__(self) -> None:
        self.followed = 0
        self._missed: dict[str, Gap] = {}
        self._unknowns: dict[str, Gap] = {}

    def miss(self, place: Place, reason: str) -> None:
        """Note a reference that could not be followed."""
        gap = Gap(place, reason)
        self._missed.setdefault(f"{place.file} {gap!r}", gap)

    def undecided(self, place: Place, reason: str) -> None:
        """Note a value that a rule needed and did not get."""
        gap = Gap(place, reason)
        self._unknowns.setdefault(f"{place.file} {gap!r}", gap)

    @property
    def missed(self) -> list[Gap]:
        """References that could not be followed."""
        return list(self._missed.values())

    @property
    def unknowns(self) -> list[Gap]:
        """Values that were needed and are not known."""
        return list(self._unknowns.values())
