"""HTTP/1.1 answers, as much of the protocol as reading a value from loopback takes.

Small because it is strict: an answer says how long it is, in one way, or it is refused. Nothing of an answer ever reaches an
error. It knows nothing of sockets: bytes come from a function.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HEAD_MAX = 16_384
BODY_MAX = 1 << 20  # a secret has 65,536 bytes at most; in JSON each may become six
RECEIVE = 65_536
_LENGTH_DIGITS = 7
_STATUS_DIGITS = 3
_CHUNK_LINE_MAX = 256
_TRAILER_MAX = 4_096


class BrokenAnswerError(ConnectionError):
    """What arrived is no HTTP/1.1 answer, or not a whole one. Says what is wrong with its form, never what it holds."""


class Response:
    """One whole answer: its status, its body, and whether the connection can take another question."""

    __slots__ = ("body", "reusable", "status")

    def __init__(self, status: int, body: bytes, *, reusable: bool) -> None:
        self.status, self.body, self.reusable = status, body, reusable

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.body)} bytes>"


class _Incoming:
    """Bytes that have arrived and not been read yet."""

    __slots__ = ("_receive", "data")

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive, self.data = receive, bytearray()

    def __repr__(self) -> str:
        return f"<{len(self.data)} bytes>"

    def more(self, size: int) -> None:
        """Wait for at least one byte, and take no more than asked for."""
        before = len(self.data)
        self.data += self._receive(size)  # without a local, which a traceback would show
        if len(self.data) == before:
            raise BrokenAnswerError("the answer ended before it was whole")

    def through(self, mark: bytes, most: int, what: str) -> bytes:
        """Read up to a mark, and the mark itself away."""
        start = 0
        while (end := self.data.find(mark, start)) < 0:
            if len(self.data) > most:
                raise BrokenAnswerError(f"{what} of more than {most} bytes")
            start = max(0, len(self.data) - len(mark) + 1)
            self.more(RECEIVE)
        if end > most:
            raise BrokenAnswerError(f"{what} of more than {most} bytes")
        found = bytes(self.data[:end])
        del self.data[: end + len(mark)]
        return found

    def exactly(self, size: int) -> bytes:
        """Read so many bytes."""
        while len(self.data) < size:
            self.more(min(RECEIVE, size - len(self.data)))
        found = bytes(self.data[:size])
        del self.data[:size]
        return found


def read_response(receive: Callable[[int], bytes]) -> Response:
    r"""Read one answer, and not one byte more than it has where its length is known.

    Args:
        receive: gives one to so many bytes, and none at the end of the stream.

    Raises:
        BrokenAnswerError: it is not whole, too long, or not the HTTP/1.1 that an extension speaks: a final status, and
            either Content-Length or chunks.

    Example:
        >>> stream = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]
        >>> read_response(lambda _: stream.pop())
        <Response 200, 2 bytes>
    """
    incoming = _Incoming(receive)
    head = incoming.through(b"\r\n\r\n", HEAD_MAX, "a head")
    first, *lines = head.split(b"\r\n")
    status = _status(first)
    length, chunked, closes = _framing(lines)
    body = _chunks(incoming) if chunked else incoming.exactly(length)
    # Bytes after the answer belong to no question: whoever asked next would take them for theirs.
    reusable = not closes and first.startswith(b"HTTP/1.1") and not incoming.data
    return Response(status, body, reusable=reusable)


def _status(line: bytes) -> int:
    version, _, rest = line.partition(b" ")
    code, _, _ = rest.partition(b" ")
    if version not in {b"HTTP/1.1", b"HTTP/1.0"} or len(code) != _STATUS_DIGITS or not code.isdigit():
        raise BrokenAnswerError("no HTTP/1.1 status line")
    if not b"200" <= code <= b"599":
        raise BrokenAnswerError(f"the status {int(code)}, which is no final one")
    return int(code)


def _framing(lines: Iterable[bytes]) -> tuple[int, bool, bool]:
    """Give a body's length, whether it comes in chunks, and whether the connection ends after it."""
    length, encoding, closes = None, None, False
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip() or b"\n" in line or b"\r" in line:
            raise BrokenAnswerError("a header line without a name")
        name, value = name.lower(), value.strip(b" \t")
        if name == b"content-length":
            if not value.isdigit() or len(value) > _LENGTH_DIGITS or (length not in {None, int(value)}):
                raise BrokenAnswerError(
                    "a Content-Length that is no number, too large, or contradicts another"
                )
            length = int(value)
        elif name == b"transfer-encoding":
            if encoding is not None or value.lower() != b"chunked":
                raise BrokenAnswerError("a Transfer-Encoding that is not chunked")
            encoding = value
        elif name == b"connection":
            closes = closes or b"close" in value.lower()
    if (length is None) is (encoding is None):
        raise BrokenAnswerError("neither Content-Length nor chunks, or both")
    if length is not None and length > BODY_MAX:
        raise BrokenAnswerError(f"a body of more than {BODY_MAX} bytes")
    return length or 0, encoding is not None, closes


def _chunks(incoming: _Incoming) -> bytes:
    body = _Body()
    while True:
        digits, _, _ = incoming.through(b"\r\n", _CHUNK_LINE_MAX, "the line of a chunk").partition(b";")
        size = _hexadecimal(digits.strip(b" \t"))
        if len(body) + size > BODY_MAX:
            raise BrokenAnswerError(f"a body of more than {BODY_MAX} bytes")
        if size == 0:
            _skip_trailers(incoming)
            return bytes(body)
        body += incoming.exactly(size)
        if incoming.exactly(2) != b"\r\n":
            raise BrokenAnswerError("a chunk that is longer than it says")


class _Body(bytearray):
    """What has come of a body so far; its ``repr`` would be the value's."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


def _hexadecimal(digits: bytes) -> int:
    # int() alone would take signs, underscores and spaces too.
    if not 0 < len(digits) <= _LENGTH_DIGITS or digits.strip(b"0123456789abcdefABCDEF"):
        raise BrokenAnswerError("a chunk without a size")
    return int(digits, 16)


def _skip_trailers(incoming: _Incoming) -> None:
    skipped = 0
    while line := incoming.through(b"\r\n", _TRAILER_MAX, "a trailer"):
        skipped += len(line)
        if skipped > _TRAILER_MAX:
            raise BrokenAnswerError(f"trailers of more than {_TRAILER_MAX} bytes")
