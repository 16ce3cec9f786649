"""Kills the processes of handlers, by SIGKILL: those that asked for it, and those that answer the API."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from constructs_lib.local import processes

if TYPE_CHECKING:
    from constructs_lib.local import LocalAws

POLL = 0.1


class Killer:
    """Kills, from a thread of its own, each process that a handler names in the attempts' table as held.

    Args:
        local: whose handlers; no other process is touched.
        attempts: the table.

    Attributes:
        killed: way and number of the bookings at which a process was killed.
        failed: what went wrong in the thread.
    """

    def __init__(self, local: LocalAws, attempts: str) -> None:
        self._local, self._table, self._tables = local, attempts, local.client("dynamodb")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="killer")
        self.killed: set[tuple[str, int]] = set()
        self.failed: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def kill_handlers_of(self, function: str) -> int:
        """Kill all processes of a function, whatever they are at, and say how many these were."""
        found = [pid for pid in _children(self._local.pids[0]) if self._is_handler(pid, function)]
        return sum(map(_kill, found))

    def _run(self) -> None:
        try:
            while not self._over.wait(POLL):
                self._kill_held()
        except Exception as error:  # noqa: BLE001 - handed on to the test
            self.failed = error

    def _kill_held(self) -> None:
        held = self._tables.query(
            TableName=self._table,
            KeyConditionExpression="way = :held",
            ExpressionAttributeValues={":held": {"S": "held"}},
        )["Items"]
        for item in held:
            pid, entry = int(item["pid"]["N"]), item["entry"]["S"]
            way, _, number = entry.partition("#")
            if self._is_handler(pid) and _kill(pid):
                self.killed.add((way, int(number)))
                self._tables.put_item(
                    TableName=self._table, Item={"way": {"S": "killed"}, "entry": {"S": entry}}
                )
            self._tables.delete_item(TableName=self._table, Key={"way": {"S": "held"}, "entry": {"S": entry}})

    def _is_handler(self, pid: int, function: str = "") -> bool:
        return processes.is_ours(pid, self._local.run_directory / f"ministack-lambda-{function}")


def _children(parent: int) -> list[int]:
    """Give the processes that a process has started."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
