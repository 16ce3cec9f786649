"""Mends of MiniStack's handler processes: what ends a sandbox, and what does not.

Executed by MiniStack's own interpreter, as ``serve.py`` is, which loads this file from beside itself: standard library
only, and MiniStack's modules are loaded by name.
"""

# ruff: noqa: SLF001 - what is mended here are MiniStack's insides

from __future__ import annotations

from importlib import import_module
from typing import Any

# What the Python worker writes when the handler has raised; MiniStack ends whatever process answers "error".
_RAISED = '{"status": "error", "error": str(e), "trace"'
_KEPT = '{"status": "ok", "raised": True, "error": str(e), "trace"'


def keep_sandboxes_that_raised() -> None:
    """A Python handler that raises keeps its sandbox: the next invocation is warm; only a crash or a timeout ends one."""
    runtime: Any = import_module("ministack.core.lambda_runtime")
    script: str = runtime._PYTHON_WORKER_SCRIPT
    assert script.count(_RAISED) == 1
    runtime._PYTHON_WORKER_SCRIPT = script.replace(_RAISED, _KEPT)
    invoke = runtime.Worker.invoke

    def invoke_and_keep(worker: Any, *event: Any, **named: Any) -> dict[str, Any]:
        result: dict[str, Any] = invoke(worker, *event, **named)
        return {**result, "status": "error"} if result.get("raised") else result

    runtime.Worker.invoke = invoke_and_keep


MENDS = (keep_sandboxes_that_raised,)
