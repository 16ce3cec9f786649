"""One server on loopback that gives a parameter both ways: as the extension does, and as Parameter Store's API does.

For benchmarks: both answers are ready before the first question, so that what is measured is the client. It runs in a process
of its own (``python -m bench.values_server``), prints its port and lives until its standard input ends.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading

NAME, VALUE = "/orders/limit", "20"
_PARAMETER = {
    "ARN": f"arn:aws:ssm:eu-west-1:111111111111:parameter{NAME}",
    "DataType": "text",
    "LastModifiedDate": 1763719200.123,
    "Name": NAME,
    "Type": "String",
    "Value": VALUE,
    "Version": 1,
}


def _answer(kind: str, body: object) -> bytes:
    text = json.dumps(body).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


_EXTENSION = _answer(
    "application/json",
    {
        "Parameter": {
            **_PARAMETER,
            "LastModifiedDate": "2026-11-21T10:00:00.123Z",
            "Selector": None,
            "SourceResult": None,
        },
        "ResultMetadata": {},
    },
)
_API = _answer("application/x-amz-json-1.1", {"Parameter": _PARAMETER})


def serve(connection: socket.socket) -> None:
    """Answer what comes over one connection until it ends."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    held = b""
    while arrived := connection.recv(65_536):
        held += arrived
        while b"\r\n\r\n" in held:
            head, _, rest = held.partition(b"\r\n\r\n")
            length = next(
                (
                    int(line[15:])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ),
                0,
            )
            if len(rest) < length:
                break
            held = rest[length:]
            connection.sendall(_EXTENSION if head.startswith(b"GET /systemsmanager/") else _API)


def main() -> None:
    """Serve until standard input ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        print(listening.getsockname()[1], flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=serve, args=[connection], daemon=True).start()


if __name__ == "__main__":
    main()
