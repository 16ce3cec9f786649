"""A secret that was rotated while the extension still remembers the old one: :func:`fresh_secret_on_auth_failure`."""

from __future__ import annotations

from functools import wraps

from constructs_lib.errors import ExtensionError
from constructs_lib.runtime.extension import Extension, shared
from constructs_lib.runtime.values import Found, SecretAsk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

_COROUTINE = 0x80  # inspect.CO_COROUTINE; inspect takes 8 ms to load


def fresh_secret_on_auth_failure(
    secret_id: str,
    on: type[BaseException] | tuple[type[BaseException], ...],
    *,
    when: Callable[[Any], bool] | None = None,
    kind: Literal["text", "json", "bytes"] = "text",
    client: Extension = shared,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call a function with a secret as its first argument, and once more with a fresh one if the login fails.

    The extension may answer with the old secret for its TTL after a rotation. So on a failure of this kind the secret is
    read by the SDK, past every cache; if it is another one, the function is called again, and the new secret holds for
    the rest of the TTL, for :func:`constructs_lib.runtime.secret` too. If it is the same, the failure has another reason
    and is raised as it is: trying a wrong password twice can lock an account.

    Args:
        secret_id: name or ARN of the secret.
        on: what the login raises when it is refused.
        when: narrows ``on`` where one type stands for many failures, e.g. psycopg's ``OperationalError``:
            ``lambda error: "authentication failed" in str(error)``, since a failed login carries no ``sqlstate`` there.
        kind: whether the function takes the secret as text, as parsed JSON or as bytes.
        client: which client reads it.

    Returns:
        A decorator for functions and coroutine functions. What it makes is called without the secret. In a coroutine
        function the reads themselves are not awaited: each holds up the event loop for its waits at most.

    Raises:
        ExtensionError: the secret cannot be read in the first place. If only the fresh read fails, the login's own
            failure is raised, with a note of the reason.

    Example:
        >>> import os
        >>> os.environ["CONSTRUCTS_LIB_LOCAL_SECRETS"] = '{"orders/db": "old"}'
        >>> @fresh_secret_on_auth_failure("orders/db", PermissionError)
        ... def connect(password, host):
        ...     if password == "old":
        ...         os.environ["CONSTRUCTS_LIB_LOCAL_SECRETS"] = '{"orders/db": "new"}'
        ...         raise PermissionError
        ...     return f"connected to {host}"
        >>> connect("db.internal")
        'connected to db.internal'
        >>> del os.environ["CONSTRUCTS_LIB_LOCAL_SECRETS"]
    """
    ask = SecretAsk(secret_id)

    given = {"text": Found.as_text, "json": Found.as_json, "bytes": Found.as_bytes}[kind]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        # The values stand in no local of these frames: only Found does, which does not show them.
        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            used = client.current_secret(secret_id)
            try:
                return function(given(used, ask), *arguments, **named)
            except on as failure:
                if when is not None and not when(failure):
                    raise
                found = _newer(client, secret_id, used, failure)
                if found is None:
                    raise
            return function(given(found, ask), *arguments, **named)

        @wraps(function)
        async def call_async(*arguments: Any, **named: Any) -> Any:
            used = client.current_secret(secret_id)
            try:
                return await function(given(used, ask), *arguments, **named)
            except on as failure:
                if when is not None and not when(failure):
                    raise
                found = _newer(client, secret_id, used, failure)
                if found is None:
                    raise
            return await function(given(found, ask), *arguments, **named)

        code = getattr(function, "__code__", None)
        return call_async if code is not None and code.co_flags & _COROUTINE else call

    return decorate


def _newer(client: Extension, secret_id: str, used: Found, failure: BaseException) -> Found | None:
    try:
        return client.newer_secret(secret_id, used)
    except ExtensionError as error:
        failure.add_note(f"the secret could not be read afresh: {error}")
        return None
