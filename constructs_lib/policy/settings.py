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
    from collections.abc import Mapping, Sequence

    from constructs_lib.policy.waivers import Waiver

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
        waivers: findings that are accepted; :func:`~constructs_lib.policy.settings_file.load_settings` reads them from a file.
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
            f'severities.{rule}: {found_as(severity)}; allowed: {allowed}; fix: e.g. {rule} = "warning"'
        )


def factor_of(found: object) -> float:
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
    raise SettingsError(f"{subject}: {found_as(value)}; allowed: {allowed}; fix: e.g. {name} = {example:g}")


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ",".join(map(str, value))
    raise SettingsError(
        f'parameters.{name}: {found_as(value)}; allowed: text, a number or a list of them; fix: e.g. {name} = "dev"'
    )


def found_as(value: object) -> str:
    """Word what was found in a settings file."""
    if isinstance(value, dict | list):
        return "got a table" if isinstance(value, dict) else "got a list"
    return f"got {value!r}"
