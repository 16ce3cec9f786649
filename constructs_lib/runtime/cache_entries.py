"""What a cache keeps of one value: its text, when its load began, for how long it may be used, what loading it took."""

from __future__ import annotations

from math import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SKEW = 1.0  # seconds by which the clocks of two sandboxes may differ


class Entry:
    """A value and its dates, in seconds since 1970: one clock for all sandboxes, which goes on while they are frozen.

    Args:
        value: what the load gave, or what the kept text says.
        text: the value as it is kept; None for one that cannot be.
        began: when its load began.
        ttl: seconds from then on for which it may be used.
        cost: seconds that the load took.
    """

    __slots__ = ("began", "cost", "text", "ttl", "value")

    def __init__(self, value: Any, text: str | None, began: float, ttl: float, cost: float) -> None:
        self.value, self.text = value, text
        self.began, self.ttl, self.cost = began, ttl, cost

    def __repr__(self) -> str:
        return f"<Entry: {self.ttl:g} s from {self.began:.3f}, value hidden>"

    @staticmethod
    def parse(kept: str) -> Entry | None:
        """Read what :meth:`to_text` wrote; None if it is something else. The value is still to be decoded."""
        head, _, text = kept.partition("\n")
        try:
            began, ttl, cost = map(float, head.split(" "))
        except ValueError:
            return None
        return Entry(None, text, began, ttl, cost)

    def to_text(self) -> str:
        """Write it down for a store."""
        return f"{self.began:.3f} {self.ttl:.3f} {self.cost:.3f}\n{self.text}"

    def is_usable(self, now: float, longest: float) -> bool:
        """Tell whether it may still be used, by its own limit and by that of whoever asks."""
        return -_SKEW <= now - self.began < min(self.ttl, longest)

    def is_due(self, now: float, chance: float) -> bool:
        """Draw the lot: whether it is time to load it anew, although it may still be used.

        The lot is that of "Optimal Probabilistic Cache Stampede Prevention" (Vattani, Chierichetti, Lowenstein, 2015): the
        load's own time, stretched by an exponentially distributed chance, is what it is begun ahead.
        """
        return now - self.began - self.cost * log(1 - chance) >= self.ttl
