"""The least of a WebSocket client (RFC 6455) that a test needs: short texts, one frame each."""

from __future__ import annotations

import base64
import os
import socket
from typing import Self
from urllib.parse import urlsplit

_TEXT, _CLOSE, _MASKED = 0x81, 0x88, 0x80
_LONG = 126  # two bytes of length follow


class Client:
    """A connection, or the status with which it was refused.

    Args:
        url: ``ws://...``.
        patience: seconds to wait for anything.
    """

    def __init__(self, url: str, patience: float = 20) -> None:
        at = urlsplit(url)
        self._socket = socket.create_connection((at.hostname or "", at.port or 80), timeout=patience)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {at.path}?{at.query} HTTP/1.1",
            f"Host: {at.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._stream = self._socket.makefile("rb")
        self.status = int(self._stream.readline().split()[1])
        while self._stream.readline().strip():
            pass

    def send(self, text: str) -> None:
        """Send a text of up to 125 bytes."""
        data, mask = text.encode(), os.urandom(4)
        assert len(data) < _LONG
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        self._socket.sendall(bytes([_TEXT, _MASKED | len(data)]) + mask + masked)

    def receive(self) -> str:
        """Give the next text."""
        kind, length = self._stream.read(2)
        assert kind == _TEXT
        if length == _LONG:
            length = int.from_bytes(self._stream.read(2), "big")
        return self._stream.read(length).decode()

    def close(self) -> None:
        """Say goodbye."""
        self._socket.sendall(bytes([_CLOSE, _MASKED]) + bytes(4))
        self._stream.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
