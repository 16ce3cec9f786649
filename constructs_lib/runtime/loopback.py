"""Questions to a server on loopback, side by side, over connections that may have died while the sandbox was frozen.

``http.client`` costs a sandbox's first request 23 to 28 ms of imports, and ``socket`` 2 to 4; ``_socket``, the part of it
that is written in C, costs 0.3.

``Question``    one request, and where its answer is awaited
``Connection``  one socket, kept between questions
``Loopback``    asks, keeps connections, and asks again where a kept one turns out dead
"""

from __future__ import annotations

import _socket  # not socket: see above. Its objects have all that is needed here.
import os
from time import monotonic

from constructs_lib.runtime.http_answers import Response, read_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

HOST = "127.0.0.1"


class Question:
    """A question, and the connection on which its answer is awaited. Not shown: its text carries a token.

    Args:
        text: the whole request.
    """

    __slots__ = ("connection", "failure", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.connection: Connection | None = None
        self.failure: OSError | None = None

    def __repr__(self) -> str:
        return "<Question>"

    def answer(self) -> Response | OSError:
        """Give the answer, or why there is none."""
        failure, self.failure = self.failure, None
        if failure is None and self.connection is not None:
            try:
                return self.connection.answer()
            except OSError as error:
                failure = error.with_traceback(None)
        assert failure is not None
        return failure

    def died_idle(self, failure: OSError) -> bool:
        """Tell whether the failure is that of a kept connection whose other end had gone before the question came."""
        gone = self.connection
        return isinstance(failure, ConnectionError) and gone is not None and gone.kept and not gone.received

    def drop(self) -> None:
        """Close the connection, if it was not kept."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Connection:
    """One socket to a port of 127.0.0.1, and when it has to be done."""

    __slots__ = ("_pid", "_socket", "_until", "kept", "port", "received")

    def __init__(self, port: int, until: float) -> None:
        self.port, self.kept, self.received, self._until = port, False, 0, until
        self._pid = os.getpid()
        self._socket = _socket.socket(
            _socket.AF_INET, _socket.SOCK_STREAM | getattr(_socket, "SOCK_CLOEXEC", 0)
        )
        try:
            self._socket.settimeout(self._left())
            self._socket.connect((HOST, port))
            # A question leaves in one piece; waiting to fill a packet would only delay it.
            self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        except BaseException:
            self.close()
            raise

    def send(self, question: Question, until: float) -> None:
        """Send a question, whose answer has to be there at a moment of the monotonic clock."""
        self._until, self.received = until, 0
        self._socket.settimeout(self._left())
        self._socket.sendall(question.text)

    def answer(self) -> Response:
        """Read the answer to the question that was sent."""
        return read_response(self._receive)

    def is_fresh(self) -> bool:
        """Tell whether nothing has happened since the last answer: no end, no reset, no byte that nobody asked for."""
        if self._pid != os.getpid():
            return False  # a fork shares the socket: two processes would take each other's answers
        try:
            self._socket.settimeout(0)
            self._socket.recv(1, _socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    def _receive(self, size: int) -> bytes:
        self._socket.settimeout(self._left())
        arrived = self._socket.recv(size)
        self.received += len(arrived)
        return arrived

    def _left(self) -> float:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class Loopback:
    """Asks a server on 127.0.0.1, over connections that are kept from one question to the next.

    Threads may share it: a connection that is taken is nobody else's. Lists give and take in one step, so there is no
    lock that a fork could find held.

    Args:
        width: questions that are under way at one time, and connections kept between them.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._idle: list[Connection] = []

    def ask(
        self, port: int, questions: Sequence[Question], *, connect: float, read: float, until: float
    ) -> list[Response | OSError]:
        """Ask side by side, and give for each question its answer or why there is none.

        Only questions that may be asked twice: one whose kept connection turns out dead is asked again on a new one.

        Args:
            port: where the server listens.
            questions: what to ask.
            connect: seconds that a connection may take.
            read: seconds from a question to the end of its answer.
            until: moment of the monotonic clock at which all of it ends.
        """
        answers: list[Response | OSError] = []
        for start in range(0, len(questions), self._width):
            window = questions[start : start + self._width]
            try:
                for question in window:
                    self._send(
                        question, port, min(monotonic() + connect, until), min(monotonic() + read, until)
                    )
                answers.extend(self._answer(question, port, connect, read, until) for question in window)
            finally:
                for question in window:
                    question.drop()
        return answers

    def close(self) -> None:
        """Drop the connections that are kept."""
        while self._idle:
            self._idle.pop().close()

    def _send(self, question: Question, port: int, connected: float, until: float) -> None:
        try:
            question.connection = self._take(port) or Connection(port, connected)
            question.connection.send(question, until)
        except OSError as error:
            question.failure = error.with_traceback(None)

    def _answer(
        self, question: Question, port: int, connect: float, read: float, until: float
    ) -> Response | OSError:
        answer = question.answer()
        if isinstance(answer, OSError) and question.died_idle(answer):
            question.drop()
            self._send(question, port, min(monotonic() + connect, until), min(monotonic() + read, until))
            answer = question.answer()
        if isinstance(answer, Response) and answer.reusable:
            self._keep(question)
        return answer

    def _take(self, port: int) -> Connection | None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took the last one
                return None
            if connection.port == port and connection.is_fresh():
                return connection
            connection.close()
        return None

    def _keep(self, question: Question) -> None:
        if question.connection is not None and len(self._idle) < self._width:
            question.connection.kept = True
            self._idle.append(question.connection)
            question.connection = None
