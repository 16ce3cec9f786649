"""What the user may set: limits of the account, raised quotas, margins, severities and waivers.

In ``pyproject.toml``, or without the table's name in ``constructs_lib.toml``, which goes before it in the same folder::

    [tool.constructs_lib]
    account_concurrency = 3000          # quota L-B99A9384
    rest_wait = 60                      # raised quota L-E5AE38E3, in seconds
    cloudfront_read = 180               # raised quota of the origin response timeout, in seconds
    margin = 1                          # seconds
    queue_factor = {value = 2, reason = "messages are handled once, and never throttled"}

    [tool.constructs_lib.severities]
    T111 = "off"

    [tool.constructs_lib.connection_limits]
    orders-db = 90

    [[tool.constructs_lib.waivers]]     # see constructs_lib.policy.waivers
    rule = "T101"
    scope = "Shop-prod/Reports"
    reason = "only the nightly batch calls it, and waits for nothing"
    expires = 2027-03-31
"""

from __future__ import annotations

import os

from constructs_lib.errors import SettingsError
from constructs_lib.limits import (
    ACCOUNT_CONCURRENCY,
    CLOUDFRONT_READ_MAX,
    LAMBDA_TIMEOUT_MAX,
    REST_REGIONAL_WAIT,
    SQS_VISIBILITY_FACTOR,
)
from constructs_lib.timeouts.inequalities import DEFAULT_MARGIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from constructs_lib.policy.waivers import Waiver

OWN_FILE, SHARED_FILE = "constructs_lib.toml", "pyproject.toml"
SEVERITIES = ("error", "warning", "note", "off")


class Settings:
    """Settings of a check.

    Args:
        parameters: values for template parameters, by name; they replace the defaults.
        margin: seconds that a gateway must wait beyond init and timeout.
        queue_factor: how many times its function's timeout a queue's visibility must be.
        account_concurrency: the account's limit of concurrent executions.
        rest_wait: the raised REST integration quota (L-E5AE38E3) in seconds, or None for 29.
        cloudfront_read: the raised quota of CloudFront's origin response timeout in seconds, or None for 120.
        connection_limits: how many connections a database or proxy takes, by the name that functions declare for it.
        severities: another severity for a rule, by rule id; "off" switches it off.
        waivers: findings that are accepted; :func:`load_settings` reads them from a file.
        file: the file that all of this was read from.

    Raises:
        SettingsError: a value that is not accepted; the message names it, what is allowed, and what to change.

    Example:
        >>> Settings(margin=-1)
        Traceback (most recent call last):
        constructs_lib.errors.SettingsError: margin: got -1; allowed: 0 to 900 s; fix: e.g. margin = 0.5
    """

    __slots__ = (
        "account_concurrency",
        "cloudfront_read",
        "connection_limits",
        "file",
        "margin",
        "parameters",
        "queue_factor",
        "rest_wait",
        "severities",
        "waivers",
    )

    def __init__(
        self,
        *,
        parameters: Mapping[str, str] | None = None,
        margin: float = DEFAULT_MARGIN,
        queue_factor: float = SQS_VISIBILITY_FACTOR,
        account_concurrency: float = ACCOUNT_CONCURRENCY,
        rest_wait: float | None = None,
        cloudfront_read: float | None = None,
        connection_limits: Mapping[str, float] | None = None,
        severities: Mapping[str, str] | None = None,
        waivers: Sequence[Waiver] = (),
        file: str | None = None,
    ) -> None:
        self.parameters = {name: _text(name, value) for name, value in (parameters or {}).items()}
        self.margin = _number("margin", margin, 0, LAMBDA_TIMEOUT_MAX, "s", 0.5)
        self.queue_factor = _number("queue_factor", queue_factor, 1, None, "times the timeout", 6)
        self.account_concurrency = _number(
            "account_concurrency", account_concurrency, 1, None, "executions", 1000
        )
        self.rest_wait = _quota("rest_wait", rest_wait, REST_REGIONAL_WAIT, LAMBDA_TIMEOUT_MAX)
        self.cloudfront_read = _quota("cloudfront_read", cloudfront_read, CLOUDFRONT_READ_MAX, None)
        self.connection_limits = {
            name: _number(f"connection_limits.{name}", limit, 1, None, "connections", 90)
            for name, limit in (connection_limits or {}).items()
        }
        self.severities = dict(severities or {})
        for rule, severity in self.severities.items():
            _check_severity(rule, severity)
        self.waivers = list(waivers)
        self.file = file


def load_settings(paths: Iterable[str] = (), file: str | None = None) -> Settings:
    """Read the settings of a check: from the file given, or from the nearest one; the defaults if there is none.

    Args:
        paths: what is to be checked; the folders from the first of them upwards are looked through, then those from
            the working directory upwards.
        file: a settings file to use instead.

    Raises:
        SettingsError: the file cannot be read, or holds a key or a value that is not accepted.
    """
    if file is not None:
        return _settings(_table(file), file)
    first = next((path for path in paths if path != "-"), None)
    starts = [first, os.getcwd()] if first else [os.getcwd()]
    for candidate in dict.fromkeys(found for start in starts for found in _upwards(start)):
        table = _table(candidate) if os.path.isfile(candidate) and _concerns_us(candidate) else None
        if table is not None:
            return _settings(table, candidate)
    return Settings()


# Files ----------------------------------------------------------------------------------------------------------


def _upwards(start: str) -> Iterator[str]:
    """List where a settings file may be, nearest first."""
    folder = os.path.abspath(start)
    while True:
        yield os.path.join(folder, OWN_FILE)
        yield os.path.join(folder, SHARED_FILE)
        if folder == os.path.dirname(folder):
            return
        folder = os.path.dirname(folder)


def _concerns_us(file: str) -> bool:
    """Spare other people's pyproject.toml the parser."""
    try:
        with open(file, "rb") as source:
            return file.endswith(OWN_FILE) or b"constructs_lib" in source.read()
    except OSError:
        return True  # reading it says why


def _table(file: str) -> dict[str, Any] | None:
    """Read the settings of a file; None if it is a pyproject.toml that has none."""
    import tomllib  # noqa: PLC0415 - only those who have settings pay for it

    try:
        with open(file, "rb") as source:
            data = tomllib.load(source)
    except FileNotFoundError:
        raise SettingsError(f"{file}: there is no such file") from None
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{file}: is no TOML: {error}") from None
    if os.path.basename(file) != SHARED_FILE:
        return data
    table = data.get("tool", {}).get("constructs_lib")
    if table is None or type(table) is dict:
        return table
    raise SettingsError(
        f"{file}: tool.constructs_lib: {_found(table)}; allowed: a table [tool.constructs_lib]"
    )


def _settings(table: dict[str, Any] | None, file: str) -> Settings:
    try:
        return Settings(**_arguments(dict(table or {}), file), file=file)
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from None


def _arguments(table: dict[str, Any], file: str) -> dict[str, Any]:
    known = [name for name in Settings.__slots__ if name != "file"]
    for key in table:
        if key not in known:
            raise SettingsError(unknown_key(key, known))
    for key in ("parameters", "connection_limits", "severities"):
        if type(table.get(key, {})) is not dict:
            raise SettingsError(f"{key}: {_found(table[key])}; allowed: a table of names and values")
    if "queue_factor" in table:
        table["queue_factor"] = _factor(table["queue_factor"])
    if "waivers" in table:
        from constructs_lib.policy.waivers import from_settings  # noqa: PLC0415 - few have any

        table["waivers"] = from_settings(table["waivers"], file)
    return table


# Values ---------------------------------------------------------------------------------------------------------


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Word the refusal of a key that does not exist, with the one that was probably meant."""
    import difflib  # noqa: PLC0415 - only a mistake needs it

    close = difflib.get_close_matches(key.lower().replace("-", "_"), known, n=1)
    fix = f"did you mean {close[0]}?" if close else "remove it"
    return f"{key}: there is no such setting; allowed: {', '.join(sorted(known))}; fix: {fix}"


def check_rule(subject: str, rule: object) -> None:
    """Refuse the id of a rule that does not exist.

    Raises:
        SettingsError: there is no such rule; the message names the likeliest one.
    """
    from constructs_lib.policy.rules import ALL  # noqa: PLC0415 - the rules import this module

    ids = {known.id: known.name for known in ALL}
    if rule in ids:
        return
    import difflib  # noqa: PLC0415 - only a mistake needs it

    named = [key for key, name in ids.items() if name == rule]
    close = named or difflib.get_close_matches(str(rule).upper(), ids, n=1)
    fix = f"did you mean {close[0]} ({ids[close[0]]})?" if close else "see constructs-lib rules"
    raise SettingsError(f"{subject}: got {rule!r}; allowed: the id of a rule, e.g. T101; fix: {fix}")


def _check_severity(rule: str, severity: object) -> None:
    check_rule("severities", rule)
    if severity not in SEVERITIES:
        allowed = ", ".join(SEVERITIES)
        raise SettingsError(
            f'severities.{rule}: {_found(severity)}; allowed: {allowed}; fix: e.g. {rule} = "warning"'
        )


def _factor(found: object) -> float:
    """Take the factor of queues; one below AWS's advice comes with its reason."""
    subject, least = "queue_factor", float(SQS_VISIBILITY_FACTOR)
    example = 'queue_factor = {value = 2, reason = "..."}'
    reason: object = ""
    if type(found) is dict:
        for key in found:
            if key not in {"value", "reason"}:
                raise SettingsError(unknown_key(f"{subject}.{key}", ["value", "reason"]))
        reason = found.get("reason", "")
        found = found.get("value")
    factor = _number(subject, found, 1, None, "times the timeout", 6)
    if factor < least and not (isinstance(reason, str) and reason.strip()):
        raise SettingsError(
            f"{subject}: got {factor:g} without a reason; allowed: {least:g} or more, as AWS advises, or less with the "
            f"reason why that is enough; fix: e.g. {example}"
        )
    return factor


def _quota(subject: str, value: object, default: float, most: float | None) -> float | None:
    if value is None:
        return None
    return _number(subject, value, default, most, "s, as Service Quotas shows it", default)


def _number(
    subject: str, value: object, least: float, most: float | None, unit: str, example: float
) -> float:
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and least <= value <= (most or float("inf"))
        and value != float("inf")
    ):
        return value
    allowed = f"{least:g} to {float(most):g} {unit}" if most else f"a number of {least:g} or more {unit}"
    name = subject.rpartition(".")[2]
    raise SettingsError(f"{subject}: {_found(value)}; allowed: {allowed}; fix: e.g. {name} = {example:g}")


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ",".join(map(str, value))
    raise SettingsError(
        f'parameters.{name}: {_found(value)}; allowed: text, a number or a list of them; fix: e.g. {name} = "dev"'
    )


def _found(value: object) -> str:
    if isinstance(value, dict | list):
        return "got a table" if isinstance(value, dict) else "got a list"
    return f"got {value!r}"
