"""What the user may set: limits of the account, margins, factors, severities."""

from __future__ import annotations

from constructs_lib.limits import ACCOUNT_CONCURRENCY, SQS_VISIBILITY_FACTOR
from constructs_lib.timeouts.inequalities import DEFAULT_MARGIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Settings:
    """Settings of a check.

    Args:
        parameters: values for template parameters, by name; they replace the defaults.
        margin: seconds that a gateway must wait beyond init and timeout.
        queue_factor: how many times its function's timeout a queue's visibility must be.
        account_concurrency: the account's limit of concurrent executions.
        rest_wait: the raised REST integration quota (L-E5AE38E3) in seconds, or None for 29.
        severities: another severity for a rule, by rule id; "off" switches it off.
    """

    __slots__ = ("account_concurrency", "margin", "parameters", "queue_factor", "rest_wait", "severities")

    def __init__(
        self,
        *,
        parameters: Mapping[str, str] | None = None,
        margin: float = DEFAULT_MARGIN,
        queue_factor: float = SQS_VISIBILITY_FACTOR,
        account_concurrency: float = ACCOUNT_CONCURRENCY,
        rest_wait: float | None = None,
        severities: Mapping[str, str] | None = None,
    ) -> None:
        self.parameters = dict(parameters or {})
        self.margin, self.queue_factor = margin, queue_factor
        self.account_concurrency, self.rest_wait = account_concurrency, rest_wait
        self.severities = dict(severities or {})
