"""What a client of the extension has to know of where it runs: the sandbox, its budget, the invocation's deadline."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext

from constructs_lib.errors import ExtensionError, OutsideInvocationError
from constructs_lib.runtime.budget import Budget
from constructs_lib.runtime.clients import Waits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import FrameType

    from constructs_lib.runtime.deadline import Deadline

EXTENSION_CALL = "parameters-and-secrets"
"""Name of the budget's call whose waits hold for the extension."""

PORT_VARIABLE = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"
NEVER = float("inf")

_PORT, _PORTS = 2773, 65_536
_CONNECTIONS = 3  # what the extension opens to AWS by default
_IMPORTED = "_call_with_frames_removed"  # importlib's, around the code of each module
_INVOKED = "handle_event_request"  # awslambdaric's, around each invocation
_TTL_MAX = 300.0  # seconds
_WITHOUT_BUDGET = Waits(EXTENSION_CALL, connect=0.05, read=1)  # what the construct takes at most


def in_lambda() -> bool:
    """Tell whether this is a function's sandbox, on AWS or on the local AWS."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def waits() -> Waits:
    """Give the waits of the extension's call: the budget's, or those that the construct would write."""
    budget = Budget.current()
    return _WITHOUT_BUDGET if budget is None else budget.calls.get(EXTENSION_CALL, _WITHOUT_BUDGET)


def deadline() -> float:
    """Give the moment of the monotonic clock at which the invocation has to be done; never, where nothing says so.

    Raises:
        DeadlineExceeded: it has passed.
    """
    current = _current_deadline()
    if current is None:
        return NEVER
    current.check()
    return current.end


def time_left() -> float | None:
    """Give the seconds until the deadline, as waiting takes them: None is for ever."""
    current = _current_deadline()
    return None if current is None or current.end == NEVER else current.remaining()


def noted(call: str) -> AbstractContextManager[None]:
    """Note a downstream call for the timeout log, where there is one."""
    module = sys.modules.get("constructs_lib.runtime.calls")
    noting: AbstractContextManager[None] = nullcontext() if module is None else module.downstream(call)
    return noting


def _current_deadline() -> Deadline | None:
    module = sys.modules.get(
        "constructs_lib.runtime.deadline"
    )  # not loaded: there is none, and no time lost on it
    found: Deadline | None = None if module is None else module.Deadline.current()
    return found


def port() -> int:
    """Give the port on which the extension listens.

    Raises:
        ExtensionError: the variable holds no port.
    """
    text = os.environ.get(PORT_VARIABLE) or str(_PORT)
    if not text.isdecimal() or not 0 < int(text) < _PORTS:
        raise ExtensionError(f"{PORT_VARIABLE}: got {text!r}; fix: 1 to 65535, or nothing for {_PORT}")
    return int(text)


def connections() -> int:
    """Give how many questions the extension takes to AWS side by side."""
    text = os.environ.get("PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS", "")
    return int(text) if text.isdecimal() and int(text) else _CONNECTIONS


def secrets_ttl() -> float:
    """Give the seconds for which the extension may answer with a secret that was rotated."""
    text = os.environ.get("SECRETS_MANAGER_TTL", "")
    return float(text) if text.isdecimal() else _TTL_MAX


def refuse_during_init(subject: str) -> None:
    """Refuse what works on a laptop and fails on Lambda: a read by a module that is being imported.

    Raises:
        OutsideInvocationError: no invocation has begun, and a module is being imported.
    """
    invoked = "_X_AMZN_TRACE_ID" in os.environ or _current_deadline() is not None
    if invoked or not _importing(sys._getframe(1)):  # noqa: SLF001
        return
    raise OutsideInvocationError(
        f"{subject}: got a read while a module is imported; the Parameters and Secrets extension answers only during an "
        "invocation, not during init, so that neither provisioned concurrency nor SnapStart can read it beforehand; "
        "fix: read it inside the handler, or in a function that the handler calls"
    )


def chance() -> float:
    """Give a random number, 0 <= number < 1."""
    # Not random's: sandboxes that SnapStart restored from one snapshot would all draw alike.
    return int.from_bytes(os.urandom(7), "big") / (1 << 56)


def _importing(frame: FrameType | None) -> bool:
    importing = False
    while frame is not None:
        code = frame.f_code
        if code.co_name == _IMPORTED and code.co_filename.startswith("<frozen importlib"):
            importing = True
        elif code.co_name == _INVOKED and frame.f_globals.get("__name__") == "awslambdaric.bootstrap":
            return False  # the handler imports it late
        frame = frame.f_back
    return importing
