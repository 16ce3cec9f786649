"""Faults of the extension stand-in, for tests of what a handler does when the extension fails it.

Each is planned for one coming request, in order; once they are used up, the stand-in answers as ever::

    server.faults.plan(slow(0.2), refuse(503), reset)

Two more need no plan: :meth:`Faults.limit` refuses what comes while too many are under way, as the real one does in a burst
of cold starts; and a clock that stands still (``ExtensionServer(clock=...)``) keeps answers past their TTL, which is how a
rotated secret goes unseen.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler

    Fault = Callable[[BaseHTTPRequestHandler], bool]
    """Meets a request; says whether that was all, or an answer still follows."""

NOT_READY = "not ready to serve traffic, please wait"
BUSY = "an unexpected error occurred while executing request"


class Faults:
    """The faults that are planned, and how many requests may be under way."""

    def __init__(self) -> None:
        self._planned: deque[Fault] = deque()
        self._limit: int | None = None
        self._under_way = 0
        self._lock = threading.Lock()

    def plan(self, *faults: Fault) -> None:
        """Let each of the coming requests meet one of these."""
        self._planned.extend(faults)

    def limit(self, requests: int | None) -> None:
        """Refuse with 400 what comes while so many requests are under way; None lifts the limit."""
        self._limit = requests

    @contextlib.contextmanager
    def met_by(self, request: BaseHTTPRequestHandler) -> Iterator[bool]:
        """Let a request meet its fault; gives whether that was all."""
        with self._lock:
            self._under_way += 1
            busy = self._limit is not None and self._under_way > self._limit
            fault = (
                refuse(HTTPStatus.BAD_REQUEST, BUSY)
                if busy
                else self._planned.popleft()
                if self._planned
                else None
            )
        try:
            yield fault is not None and fault(request)
        finally:
            with self._lock:
                self._under_way -= 1


def slow(seconds: float) -> Fault:
    """Make a fault: the answer comes so much later."""

    def wait(_: BaseHTTPRequestHandler) -> bool:
        time.sleep(seconds)
        return False

    return wait


def refuse(status: int, text: str = BUSY) -> Fault:
    """Make a fault: a plain-text error; 400 with :data:`NOT_READY` is what the real one says before the first invocation."""

    def answer(request: BaseHTTPRequestHandler) -> bool:
        request.send_response_only(status)
        request.send_header("Content-Type", "text/plain")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text.encode())
        return True

    return answer


def reset(request: BaseHTTPRequestHandler) -> bool:
    """Fault: the connection is reset instead of answered."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return hang_up(request)


def is_reset(connection: socket.socket) -> bool:
    """Tell whether a connection is one to be reset: closed without a goodbye, which would arrive first."""
    lingers, seconds = struct.unpack("ii", connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
    return bool(lingers) and not seconds


def hang_up(request: BaseHTTPRequestHandler) -> bool:
    """Fault: the connection is closed instead of answered."""
    request.close_connection = True
    return True


def cut_short(request: BaseHTTPRequestHandler) -> bool:
    """Fault: the answer ends in the middle of its body."""
    request.send_response_only(HTTPStatus.OK)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b'{"Parameter": {"Value": "')
    return hang_up(request)


def close_after(request: BaseHTTPRequestHandler) -> bool:
    """Fault: the answer comes whole, and without a word the connection is closed behind it."""
    request.close_connection = True
    return False
