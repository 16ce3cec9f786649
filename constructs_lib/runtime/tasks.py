"""A task of a workflow, which may go on in another invocation."""

from __future__ import annotations

from time import monotonic

from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.invocation import Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from constructs_lib.errors import DeadlineExceeded


class TaskWork(Work):
    """A task of a workflow, which may go on in another invocation."""

    __slots__ = ("checkpoint", "progressed", "slowest", "until")

    def __init__(self, function: Callable[..., Any], event: Any, context: Any) -> None:
        super().__init__(function, event, context)
        self.checkpoint: Any = None
        self.progressed = False
        self.slowest = 0.0
        self.until = monotonic()

    def run(self) -> Any:
        """Do piece by piece while there is time."""
        pieces = self.function(self.event, self.context)
        if not hasattr(pieces, "send"):
            return pieces
        try:
            while True:
                if self._passed(next(pieces)):
                    pieces.close()
                    return {"checkpoint": self.checkpoint}
        except StopIteration as end:
            return end.value

    async def run_async(self) -> Any:
        """Do the same with an ``async`` function."""
        pieces = self.function(self.event, self.context)
        if not hasattr(pieces, "asend"):
            return await pieces
        async for checkpoint in pieces:
            if self._passed(checkpoint):
                await pieces.aclose()
                return {"checkpoint": self.checkpoint}
        return None

    def late(self, error: DeadlineExceeded) -> tuple[str, Any]:
        """Give back the last checkpoint; without one, nothing would ever change."""
        if not self.progressed:
            raise error
        return "gave back the last checkpoint", {"checkpoint": self.checkpoint}

    def _passed(self, checkpoint: Any) -> bool:
        """Take a checkpoint; tell whether the next piece, if it is as slow as the slowest, would come too late."""
        now = monotonic()
        self.slowest, self.until = max(self.slowest, now - self.until), now
        if checkpoint is None:  # to a workflow, none means done
            return False
        self.checkpoint, self.progressed = checkpoint, True
        deadline = Deadline.current()
        return deadline is not None and deadline.remaining() < self.slowest
