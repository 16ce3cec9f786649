"""The same values by the SDK: slower by its import, and by a TLS connection of the function's own.

For a value that the extension did not give, for one that is wanted fresh, and for all parameters below a prefix, which
the extension cannot list. boto3 is loaded when the first of them is asked for.
"""

from __future__ import annotations

from time import monotonic

from constructs_lib.errors import ExtensionError
from constructs_lib.runtime.values import Found, ParameterAsk, SecretAsk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DENIED = frozenset({"AccessDeniedException", "AccessDenied"})
_MISSING = frozenset({"ParameterNotFound", "ParameterVersionNotFound", "ResourceNotFoundException"})
_PATH_GRANT = "ssm:GetParametersByPath on the prefix, and kms:Decrypt on the keys of its SecureStrings"

_clients: dict[tuple[str, float], Any] = {}


def read(ask: ParameterAsk | SecretAsk, wait: float, until: float) -> Found:
    """Read one value.

    Args:
        ask: what is asked for.
        wait: seconds that the call may take.
        until: moment of the monotonic clock by which it has ended; loading the SDK cannot be cut short, and counts.

    Raises:
        ExtensionError: there is no SDK, no time, no such value or no grant.
    """
    call = Call(str(ask), ask.service, ask.operation, ask.grants)
    return ask.found(call(ask.request, wait, until))


def read_below(prefix: str, wait: float, until: float, *, decrypt: bool) -> dict[str, Found]:
    """Read all parameters below a prefix, page after page.

    Raises:
        ExtensionError: there is no SDK, no time or no grant.
    """
    found: dict[str, Found] = {}
    request: dict[str, Any] = {"Path": prefix, "Recursive": True, "WithDecryption": decrypt}
    call = Call(f"parameters below {prefix!r}", "ssm", "get_parameters_by_path", _PATH_GRANT)
    while True:
        page = call(request, wait, until)
        found.update(_of_page(page))
        if not page.get("NextToken"):
            return found
        request["NextToken"] = page["NextToken"]


def _of_page(page: Any) -> dict[str, Found]:
    # A function of its own: its locals are gone when the next page fails.
    return {held["Name"]: Found(held["Value"], None, str(held["Version"])) for held in page["Parameters"]}


class Call:
    """One operation of the SDK, and how its failures read."""

    __slots__ = ("_grants", "_operation", "_service", "_subject")

    def __init__(self, subject: str, service: str, operation: str, grants: str) -> None:
        self._subject, self._service, self._operation, self._grants = subject, service, operation, grants

    def __call__(self, request: dict[str, Any], wait: float, until: float) -> Any:
        """Make the call."""
        try:
            return _Hidden(getattr(_client(self._service, wait, until), self._operation)(**request))
        except ImportError:
            failure = "no boto3; fix: bundle it, or use a runtime that brings it"
        except _NoTimeError:
            failure = (
                "no time left before the deadline; fix: read it earlier, or shorten what comes before it"
            )
        except Exception as error:  # noqa: BLE001 - botocore's errors are known only once it is loaded
            failure = _why(error, self._grants)
        # Raised here, without the SDK's error as its context: the frames of that one hold credentials.
        raise ExtensionError(f"{self._subject}, by the SDK: got {failure}")


class _NoTimeError(Exception):
    """The deadline is nearer than the shortest wait."""


class _Hidden(dict[str, "Any"]):
    """The SDK's answer, whose ``repr`` would be the value's."""

    def __repr__(self) -> str:
        return "<answer, hidden>"


def _why(error: Exception, grants: str) -> str:
    code = str(getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__))
    if code in _DENIED:
        return f"{code}; fix: grant the function's role {grants}"
    if code in _MISSING:
        return f"{code}; fix: check the name, the version, the account and the region"
    return f"{code}; fix: a function in a VPC needs the endpoints of ssm, secretsmanager and kms"


def _client(service: str, wait: float, until: float) -> Any:
    import boto3  # noqa: PLC0415 - a quarter of a second to load
    from botocore.config import Config  # noqa: PLC0415

    left = until - monotonic()
    # A client keeps its timeouts for life, so there are a few of each service, for ever shorter waits.
    share = next((part for part in (1, 2, 4, 8) if wait / part <= left), None)
    if share is None:
        raise _NoTimeError
    if (service, wait / share) not in _clients:
        half = wait / share / 2  # one attempt: connecting and reading together are the wait
        config = Config(
            connect_timeout=half, read_timeout=half, retries={"total_max_attempts": 1, "mode": "standard"}
        )
        session: Any = boto3.session.Session()
        _clients[service, wait / share] = session.client(service, config=config)
    return _clients[service, wait / share]
