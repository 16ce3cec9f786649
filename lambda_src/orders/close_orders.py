"""Closes one batch of the nightly workflow's orders, in as many invocations as it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constructs_lib.runtime import step_handler

from . import order_table

if TYPE_CHECKING:
    from collections.abc import Generator

_BEGINNING = {"orders": 0, "articles": 0}


@step_handler
def handler(event: dict[str, Any], _context: object) -> Generator[dict[str, int], None, dict[str, int]]:
    """Close order after order, and go on from the last one where an earlier invocation had no time left.

    What a killed invocation had closed since its last checkpoint is closed once all the same.
    """
    done = event["checkpoint"] or _BEGINNING
    for key in event["items"][done["orders"] :]:
        articles = order_table.close(**key)
        done = {"orders": done["orders"] + 1, "articles": done["articles"] + articles}
        yield done
    return done
