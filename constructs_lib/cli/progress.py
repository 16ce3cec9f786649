"""Progress of long work: a spinner with the current step on a terminal, one line a step elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Show on standard error what is being done; gives the function that tells the next step."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: console.print(step, markup=False, highlight=False)
        return
    with console.status(what) as status:
        yield lambda step: status.update(f"{what}: {step}")
