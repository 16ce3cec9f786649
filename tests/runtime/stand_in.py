"""The stand-in of the extension in front of a store in memory, and an environment as Lambda sets it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from constructs_lib import Call, TimeoutBudget
from constructs_lib.local.extension import ExtensionServer
from constructs_lib.local.extension_settings import ExtensionSettings
from constructs_lib.local.extension_sources import Clients
from tests.runtime.value_store import ValueStore

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "session-token"
PORT_VARIABLE = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"


class StandIn(NamedTuple):
    """A stand-in that runs, and what is behind it."""

    server: ExtensionServer
    store: ValueStore

    @property
    def environment(self) -> dict[str, str]:
        """What a function's environment says, with a budget that has half a second for the extension."""
        return {
            "AWS_LAMBDA_FUNCTION_NAME": "orders",
            "AWS_SESSION_TOKEN": TOKEN,
            PORT_VARIABLE: str(self.server.server_port),
            "TIMEOUT_BUDGET": budget(),
        }


def budget(*, connect: float = 0.25, read: float = 0.5, attempts: int = 1) -> str:
    """Write a budget with these waits for the extension."""
    call = Call("parameters-and-secrets", connect=connect, read=read, attempts=attempts, backoff=0)
    return TimeoutBudget(gateway=29, init=1, calls=[call]).to_json()


@contextmanager
def stand_in(**settings: Any) -> Iterator[StandIn]:
    """Run one, without a cache unless the settings say otherwise."""
    store = ValueStore()
    clock = settings.pop("clock", None)
    chosen = ExtensionSettings(**{"port": 0, "token": TOKEN, "cache_enabled": False, **settings})
    named = {} if clock is None else {"clock": clock}
    with ExtensionServer(chosen, lambda _: Clients(store, store), **named) as server:
        yield StandIn(server, store)
