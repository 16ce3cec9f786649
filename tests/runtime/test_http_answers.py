"""The reader of HTTP answers: what arrives in whatever pieces, it reads to the last byte and no further, or refuses."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.runtime.http_answers import BODY_MAX, BrokenAnswerError, read_response

if TYPE_CHECKING:
    from collections.abc import Iterable


class Stream:
    """Bytes that arrive in given pieces; whoever asks on after they were all there would wait for ever."""

    def __init__(self, whole: bytes, cuts: Iterable[int] = (), *, ends: bool = False) -> None:
        places = sorted({cut % (len(whole) + 1) for cut in cuts} | {0, len(whole)})
        self.pieces = [whole[start:end] for start, end in itertools.pairwise(places)]
        self.ends, self.asked = ends, 0

    def __call__(self, size: int) -> bytes:
        """Give the next piece, or as much of it as is asked for."""
        assert size > 0, "a read of nothing never ends"
        self.asked += 1
        if not self.pieces:
            assert self.ends, "asked for bytes after the whole answer: this would hang"
            self.ends = False  # a second question after the end would hang too
            return b""
        piece = self.pieces.pop(0)
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]

    @property
    def left(self) -> bytes:
        """What nobody has taken."""
        return b"".join(self.pieces)


def head(*lines: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    """Write a head."""
    return "\r\n".join([status, *lines, "", ""]).encode()


def sized(body: bytes) -> bytes:
    """Write an answer with a Content-Length."""
    return head("Content-Type: application/json", f"Content-Length: {len(body)}") + body


def chunked(pieces: list[bytes]) -> bytes:
    """Write an answer in chunks."""
    body = b"".join(b"%x;note=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return head("Transfer-Encoding: chunked") + body + b"0\r\nTrailer: x\r\n\r\n"


CUTS = st.lists(st.integers(0, 10_000), max_size=30)


@given(body=st.binary(max_size=2_000), cuts=CUTS)
def test_a_sized_answer_is_read_to_its_last_byte(body: bytes, cuts: list[int]) -> None:
    """However it arrives, the body is the one that was sent, and nothing is asked for after it."""
    response = read_response(Stream(sized(body), cuts))
    assert (response.status, response.body, response.reusable) == (200, body, True)


@given(pieces=st.lists(st.binary(max_size=300), max_size=8), cuts=CUTS)
def test_a_chunked_answer_is_read_to_its_last_byte(pieces: list[bytes], cuts: list[int]) -> None:
    """However chunks and arrivals fall, the body is the one that was sent, and nothing is asked for after it."""
    response = read_response(Stream(chunked(pieces), cuts))
    assert (response.body, response.reusable) == (b"".join(pieces), True)


@given(body=st.binary(max_size=200), in_chunks=st.booleans(), cuts=CUTS, length=st.integers(0, 400))
def test_an_answer_that_ends_early_is_refused(
    body: bytes, in_chunks: bool, cuts: list[int], length: int
) -> None:
    """Every proper beginning of an answer is an error and never a shorter value."""
    whole = chunked([body]) if in_chunks else sized(body)
    part = whole[: length % len(whole)]
    with pytest.raises(BrokenAnswerError, match="ended before it was whole"):
        read_response(Stream(part, cuts, ends=True))


@given(noise=st.binary(max_size=3_000), cuts=CUTS)
def test_noise_never_hangs_it(noise: bytes, cuts: list[int]) -> None:
    """Anything at all ends in an answer or in the one error, after no more reads than there are bytes."""
    stream = Stream(noise, cuts, ends=True)
    with contextlib.suppress(BrokenAnswerError):
        read_response(stream)
    assert stream.asked <= len(noise) + 1


@given(body=st.binary(max_size=100), extra=st.binary(min_size=1, max_size=100), cuts=CUTS)
def test_bytes_after_an_answer_end_the_connection(body: bytes, extra: bytes, cuts: list[int]) -> None:
    """What follows is never part of the body, and never left for the next question: taken or not, it is noticed."""
    stream = Stream(sized(body) + extra, cuts)
    response = read_response(stream)
    assert response.body == body
    assert response.reusable is (stream.left == extra)  # then the socket still has them, and is not fresh


@given(
    status=st.integers(200, 599),
    body=st.binary(max_size=50),
    digits=st.sampled_from(["%d", "%03d"]),
    name=st.sampled_from(["Content-Length", "content-length", "CONTENT-LENGTH"]),
)
def test_final_statuses_and_any_spelling(status: int, body: bytes, digits: str, name: str) -> None:
    """Every final status is read; names of headers know no case."""
    answer = head(f"{name}:\t{digits % len(body)} ", status=f"HTTP/1.1 {status}") + body
    assert read_response(Stream(answer)).status == status


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"HTTP/2 200\r\n\r\n", "no HTTP/1.1 status line"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "no HTTP/1.1 status line"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "no final one"),
        (head(), "neither Content-Length nor chunks"),
        (head("Content-Length: 1", "Transfer-Encoding: chunked"), "or both"),
        (head("Content-Length: 1", "Content-Length: 2"), "contradicts another"),
        (head("Content-Length: -1"), "no number"),
        (head("Content-Length: +1"), "no number"),
        (head("Content-Length: 1_0"), "no number"),
        (head("Content-Length: \xb2".encode("latin-1").decode("latin-1")), "no number"),
        (head(f"Content-Length: {BODY_MAX + 1}"), "more than 1048576 bytes"),
        (head("Content-Length: 99999999"), "too large"),
        (head("Transfer-Encoding: gzip, chunked"), "not chunked"),
        (head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), "not chunked"),
        (head("Content-Length : 1"), "without a name"),
        (head("Content-Length: 1", " folded"), "without a name"),
        (head("Content-Length: 1\nX: y"), "without a name"),
        (head("no colon"), "without a name"),
        (head("X: " + "y" * 20_000), "head of more than 16384"),
        (b"x" * 20_000, "head of more than 16384"),
        (head("Transfer-Encoding: chunked") + b"\r\n", "without a size"),
        (head("Transfer-Encoding: chunked") + b"-1\r\n", "without a size"),
        (head("Transfer-Encoding: chunked") + b"1_0\r\n", "without a size"),
        (head("Transfer-Encoding: chunked") + b"1\r\nab\r\n", "longer than it says"),
        (head("Transfer-Encoding: chunked") + b"fffffff\r\n", "more than 1048576 bytes"),
        (
            head("Transfer-Encoding: chunked") + b"1;" + b"x" * 300 + b"\r\n",
            "line of a chunk of more than 256",
        ),
        (head("Transfer-Encoding: chunked") + b"0\r\n" + b"T: x\r\n" * 2_000, "trailers of more than 4096"),
    ],
)
def test_what_is_not_strict_is_refused(answer: bytes, what: str) -> None:
    """Each way to be ambiguous, oversized or something else is refused, by what is wrong with it."""
    with pytest.raises(BrokenAnswerError, match=what):
        read_response(Stream(answer, ends=True))


@pytest.mark.parametrize("line", ["Connection: close", "Connection: Keep-Alive, Close"])
def test_a_closing_connection_is_not_reused(line: str) -> None:
    """An answer that announces the end of its connection is good, and the last one."""
    assert read_response(Stream(head("Content-Length: 0", line))).reusable is False


def test_http_1_0_is_read_once() -> None:
    """A server of HTTP/1.0 does not keep connections."""
    answer = head("Content-Length: 0", status="HTTP/1.0 200 OK")
    assert read_response(Stream(answer)).reusable is False


def test_an_answer_does_not_show_its_body() -> None:
    """The representation says how long the body is, not what it says."""
    assert repr(read_response(Stream(sized(b"s3cret")))) == "<Response 200, 6 bytes>"
