"""Parameters and secrets from AWS's Parameters and Secrets extension: :func:`parameter`, :func:`secret` and friends.

The extension keeps values beside the handler, on loopback, for its TTL (300 s unless the construct says less). Nothing is
kept here: asking it again costs a fifth of a millisecond, and a value is never older than the extension's TTL.

How long all of it may take stands in the budget, under ``parameters-and-secrets``, where the construct wrote it: attempts
x (connect + read), back-off included, and never past the deadline of the invocation. Within that time, what may pass is
asked for again: a connection that died, a 400 or 503 of an extension that is not ready or has too much to do.

Outside Lambda, values come from ``CONSTRUCTS_LIB_LOCAL_PARAMETERS`` and ``CONSTRUCTS_LIB_LOCAL_SECRETS`` (JSON objects,
name to value), else from a stand-in if ``PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`` says where one listens
(``constructs_lib.local.extension``). Inside Lambda those two variables are never looked at.

No value is ever logged, and no error or ``repr`` of this package carries one.

Example:
    >>> import os
    >>> os.environ["CONSTRUCTS_LIB_LOCAL_PARAMETERS"] = '{"/orders/limit": "20", "/orders/mail": {"from": "a@b.c"}}'
    >>> parameter("/orders/limit")
    '20'
    >>> parameter_json("/orders/mail")
    {'from': 'a@b.c'}
    >>> del os.environ["CONSTRUCTS_LIB_LOCAL_PARAMETERS"]
"""

from __future__ import annotations

from threading import Lock
from time import monotonic, sleep, time

from constructs_lib.errors import RefusedError
from constructs_lib.runtime import surroundings
from constructs_lib.runtime.failures import Failure, outcome
from constructs_lib.runtime.loopback import HOST, Loopback, Question
from constructs_lib.runtime.session_token import SessionToken
from constructs_lib.runtime.values import Found, ParameterAsk, SecretAsk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from constructs_lib.runtime.clients import Waits

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25


class Extension:
    """A client of the extension; threads may share it. The functions of this module are one's methods.

    Args:
        sdk_fallback: whether a value that the extension does not give is asked for by the SDK, which is loaded then. It
            is the last of the budget's attempts: declare the call with two or more, and it is in the arithmetic.
    """

    def __init__(self, *, sdk_fallback: bool = False) -> None:
        self._sdk_fallback = sdk_fallback
        self._loopback = Loopback(surroundings.connections())
        self._token = SessionToken()
        self._newer: dict[str, tuple[float, Found]] = {}
        self._refreshing = Lock()
        self._invoked = False

    def __repr__(self) -> str:
        return f"Extension(sdk_fallback={self._sdk_fallback})"

    def parameter(
        self, name: str, *, version: int | None = None, label: str | None = None, decrypt: bool = True
    ) -> str:
        """Read a parameter of Parameter Store.

        Args:
            name: its name, or its ARN.
            version: which version; the latest if neither this nor a label is given.
            label: the label of a version.
            decrypt: whether a SecureString comes decrypted; without effect on others.

        Raises:
            ExtensionError: no value; says what was asked for, what happened, and which grant may be missing.
            OutsideInvocationError: called while modules are imported.
            RefusedError: a version and a label.
        """
        ask = ParameterAsk(name, version, label, decrypt=decrypt)
        return self._fetch([ask])[0].as_text(ask)

    def parameter_json(
        self, name: str, *, version: int | None = None, label: str | None = None, decrypt: bool = True
    ) -> Any:
        """Read a parameter that holds JSON, parsed; as :meth:`parameter` does in everything else."""
        ask = ParameterAsk(name, version, label, decrypt=decrypt)
        return self._fetch([ask])[0].as_json(ask)

    def parameters(self, names: str | Iterable[str], *, decrypt: bool = True) -> dict[str, str]:
        """Read several parameters: those named, side by side, or all below a prefix.

        The extension reads single names only. A prefix is read by the SDK, each time anew (a quarter of a second to load
        it, then tens of milliseconds a page), and needs the grant ``ssm:GetParametersByPath``: name them where you can.

        Args:
            names: names, or one prefix that begins with ``/``.
            decrypt: whether SecureStrings come decrypted.

        Returns:
            Values by the names that were asked for; below a prefix, by their full names.

        Raises:
            ExtensionError: one of them has no value; names the first.
            OutsideInvocationError: called while modules are imported.
            RefusedError: a text that is no prefix.
        """
        if isinstance(names, str):
            return {name: found.text or "" for name, found in self._below(names, decrypt=decrypt).items()}
        asks = [ParameterAsk(name, None, None, decrypt=decrypt) for name in dict.fromkeys(names)]
        return {ask.name: found.as_text(ask) for ask, found in zip(asks, self._fetch(asks), strict=True)}

    def secret(self, secret_id: str, *, version: str | None = None, stage: str | None = None) -> str:
        """Read a secret of Secrets Manager that is text.

        Args:
            secret_id: its name, or its ARN.
            version: id of a version.
            stage: staging label of a version; ``AWSCURRENT`` if nothing is given.

        Raises:
            ExtensionError: no value, or one of another kind; says which grant may be missing.
            OutsideInvocationError: called while modules are imported.
        """
        return self._secret(secret_id, version, stage).as_text(SecretAsk(secret_id))

    def secret_json(self, secret_id: str, *, version: str | None = None, stage: str | None = None) -> Any:
        """Read a secret that holds JSON, parsed; as :meth:`secret` does in everything else."""
        return self._secret(secret_id, version, stage).as_json(SecretAsk(secret_id))

    def secret_bytes(self, secret_id: str, *, version: str | None = None, stage: str | None = None) -> bytes:
        """Read a binary secret; as :meth:`secret` does in everything else."""
        return self._secret(secret_id, version, stage).as_bytes(SecretAsk(secret_id))

    def current_secret(self, secret_id: str) -> Found:
        """Give a secret's current version: from the extension, unless that has just been found to be behind."""
        until, found = self._newer.get(secret_id, (0.0, None))
        if found is not None and time() < until:
            return found
        return self._fetch([SecretAsk(secret_id)])[0]

    def newer_secret(self, secret_id: str, than: Found) -> Found | None:
        """Read a secret past every cache, by the SDK; None if it is still the same.

        A newer one is remembered until the extension, too, must have read it again: for its TTL.

        Raises:
            ExtensionError: there is no SDK, no time or no grant.
        """
        with self._refreshing:
            until, known = self._newer.get(secret_id, (0.0, None))
            if known is not None and time() < until and not known.same(than):
                return known  # another thread has just read it
            found = _past_caches(SecretAsk(secret_id))
            if found.same(than):
                return None
            self._newer[secret_id] = (time() + surroundings.secrets_ttl(), found)
            return found

    def close(self) -> None:
        """Drop the connections that are kept."""
        self._loopback.close()

    def _secret(self, secret_id: str, version: str | None, stage: str | None) -> Found:
        if version is None and stage is None:
            return self.current_secret(secret_id)
        return self._fetch([SecretAsk(secret_id, version, stage)])[0]

    def _fetch(self, asks: Sequence[ParameterAsk | SecretAsk]) -> list[Found]:
        if not surroundings.in_lambda():
            from constructs_lib.runtime.local_values import local_value  # noqa: PLC0415 - never inside Lambda

            return [local_value(ask) or self._ask([ask])[0] for ask in asks]
        if not self._invoked and asks:
            surroundings.refuse_during_init(str(asks[0]))
        with surroundings.noted(surroundings.EXTENSION_CALL):
            found = self._ask(asks)
        self._invoked = True
        return found

    def _ask(self, asks: Sequence[ParameterAsk | SecretAsk]) -> list[Found]:
        """Ask until there is a value for each, the time is over, or asking again does not help."""
        waits, deadline = surroundings.waits(), surroundings.deadline()
        once = waits.connect + waits.read
        patience = max(once, waits.worst_case - (once if self._sdk_fallback else 0))
        last = min(monotonic() + patience, deadline)
        results: list[Found | Failure | None] = [None] * len(asks)
        tries, pause = 0, _FIRST_PAUSE
        while True:
            self._ask_once(asks, results, waits, last)
            tries += 1
            failures = [result for result in results if isinstance(result, Failure)]
            helpless = any(tries >= failure.tries for failure in failures)
            if not failures or helpless or monotonic() + pause >= last:
                break
            sleep(
                pause * (1 - surroundings.chance() / 2)
            )  # cold sandboxes come in crowds, and would stay one
            pause = min(pause * 2, _LONGEST_PAUSE)
        return [self._settled(ask, result, once, deadline) for ask, result in zip(asks, results, strict=True)]

    def _ask_once(
        self,
        asks: Sequence[ParameterAsk | SecretAsk],
        results: list[Found | Failure | None],
        waits: Waits,
        until: float,
    ) -> None:
        """Ask for what is still missing, and write down what came."""
        port = surroundings.port()
        missing = [index for index, result in enumerate(results) if not isinstance(result, Found)]
        questions = [self._question(asks[index], port) for index in missing]
        answers = self._loopback.ask(port, questions, connect=waits.connect, read=waits.read, until=until)
        for index, answer in zip(missing, answers, strict=True):
            results[index] = outcome(asks[index], answer, port)

    def _question(self, ask: ParameterAsk | SecretAsk, port: int) -> Question:
        head = f"GET {ask.target} HTTP/1.1\r\nHost: {HOST}:{port}\r\nX-Aws-Parameters-Secrets-Token: "
        return Question(f"{head}{self._token()}\r\n\r\n".encode())

    def _settled(
        self, ask: ParameterAsk | SecretAsk, result: Found | Failure | None, wait: float, deadline: float
    ) -> Found:
        if isinstance(result, Found):
            return result
        assert result is not None
        if not self._sdk_fallback:
            raise result.error(ask)
        from constructs_lib.runtime import sdk  # noqa: PLC0415 - where it is needed only

        return sdk.read(ask, wait, deadline)

    def _below(self, prefix: str, *, decrypt: bool) -> dict[str, Found]:
        if not prefix.startswith("/"):
            raise RefusedError(
                "parameters",
                got=repr(prefix),
                allowed="names, or a prefix that begins with /",
                fix=f"parameters([{prefix!r}])",
            )
        from constructs_lib.runtime import local_values, sdk  # noqa: PLC0415 - where they are needed only

        if not surroundings.in_lambda() and (local := local_values.local_values_below(prefix)) is not None:
            return local
        waits = surroundings.waits()
        return sdk.read_below(prefix, waits.connect + waits.read, surroundings.deadline(), decrypt=decrypt)


def _past_caches(ask: SecretAsk) -> Found:
    from constructs_lib.runtime import local_values, sdk  # noqa: PLC0415 - after a rotation only

    local = None if surroundings.in_lambda() else local_values.local_value(ask)
    waits = surroundings.waits()
    return local or sdk.read(ask, waits.connect + waits.read, surroundings.deadline())


shared = Extension()
"""The client behind the functions of this module."""

parameter = shared.parameter
parameter_json = shared.parameter_json
parameters = shared.parameters
secret = shared.secret
secret_bytes = shared.secret_bytes
secret_json = shared.secret_json
