"""What is to happen to each booking: known before, so that the counts afterwards can be held against it."""

from __future__ import annotations

BOOKINGS = 1_000  # each way
WAYS = ("queue", "jobs", "workflow")


def fate(number: int) -> str:
    """Say what is to happen to a booking, the same each way.

    One in fifty is poison. These are in the first half, so that their retries, which wait, overlap with the rest.

    Example:
        >>> fate(7), fate(32), fate(19), fate(42), fate(173), fate(399), fate(1)
        ('poison', 'refused', 'hiccup', 'killed before', 'killed after', 'hang', 'book')
    """
    if number % 25 == 7 and number < BOOKINGS / 2:
        return "poison" if number % 50 == 7 else "refused"
    if number in {399, 899}:
        return "hang"
    if number % 250 in {42, 173}:
        return "killed before" if number % 250 == 42 else "killed after"
    return "hiccup" if number % 50 == 19 else "book"


def fated(*fates: str) -> set[int]:
    """Give the numbers of these fates."""
    return {number for number in range(BOOKINGS) if fate(number) in fates}


def booking(number: int) -> dict[str, object]:
    """Give what is sent."""
    return {"number": number, "fate": fate(number)}


POISON = fated("poison", "refused")
GOOD = set(range(BOOKINGS)) - POISON
KILLED = fated("killed before", "killed after")
