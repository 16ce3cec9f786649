"""What handlers import inside Lambda: code that keeps the deadlines which the constructs proved.

This is the one public door of the runtime library. It opens lazily (PEP 562), as the package's own door does: importing it
costs next to nothing in an init phase; a name's module is loaded when the name is first used. Standard library only. No
module has the name of something it holds: the import system would put the module in the name's place.

Example:
    >>> from constructs_lib.runtime import api_handler
    >>> @api_handler
    ... def handler(event, context):
    ...     return {"statusCode": 200, "body": "{}"}
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.errors import DeadlineExceeded, UnfinishedWorkError
    from constructs_lib.runtime.budget import Budget, waits
    from constructs_lib.runtime.cache import Cache, cached
    from constructs_lib.runtime.calls import downstream
    from constructs_lib.runtime.clients import Waits
    from constructs_lib.runtime.deadline import Deadline
    from constructs_lib.runtime.extension import (
        Extension,
        parameter,
        parameter_json,
        parameters,
        secret,
        secret_bytes,
        secret_json,
    )
    from constructs_lib.runtime.handlers import api_handler, event_handler, queue_handler, step_handler
    from constructs_lib.runtime.late_imports import lazy, lazy_imports
    from constructs_lib.runtime.rotation import fresh_secret_on_auth_failure
    from constructs_lib.runtime.stores import MemoryStore, RedisStore
    from constructs_lib.runtime.telemetry import sandbox

_HOMES = {
    "Budget": "budget",
    "Cache": "cache",
    "Deadline": "deadline",
    "DeadlineExceeded": "deadline",
    "Extension": "extension",
    "MemoryStore": "stores",
    "RedisStore": "stores",
    "UnfinishedWorkError": "background",
    "Waits": "clients",
    "api_handler": "handlers",
    "cached": "cache",
    "downstream": "calls",
    "event_handler": "handlers",
    "fresh_secret_on_auth_failure": "rotation",
    "lazy": "late_imports",
    "lazy_imports": "late_imports",
    "parameter": "extension",
    "parameter_json": "extension",
    "parameters": "extension",
    "queue_handler": "handlers",
    "sandbox": "telemetry",
    "secret": "extension",
    "secret_bytes": "extension",
    "secret_json": "extension",
    "step_handler": "handlers",
    "waits": "budget",
}

__all__ = [
    "Budget",
    "Cache",
    "Deadline",
    "DeadlineExceeded",
    "Extension",
    "MemoryStore",
    "RedisStore",
    "UnfinishedWorkError",
    "Waits",
    "api_handler",
    "cached",
    "downstream",
    "event_handler",
    "fresh_secret_on_auth_failure",
    "lazy",
    "lazy_imports",
    "parameter",
    "parameter_json",
    "parameters",
    "queue_handler",
    "sandbox",
    "secret",
    "secret_bytes",
    "secret_json",
    "step_handler",
    "waits",
]


def __getattr__(name: str) -> object:
    """Load the module that a public name lives in, once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - costs more than this whole module, and only a first use needs it

    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names too, before they have been loaded."""
    return sorted({*globals(), *__all__})
