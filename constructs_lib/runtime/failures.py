"""Why the extension gave no value, what to do about it, and whether asking again may help."""

from __future__ import annotations

from constructs_lib.errors import ExtensionError
from constructs_lib.runtime.http_answers import BrokenAnswerError, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.runtime.values import Found, ParameterAsk, SecretAsk

ONCE, FEW, MANY = (
    1,
    5,
    1_000,
)  # five times is about 0.2 s: a burst of cold starts has passed, a typing error is told
_NOT_READY = b"not ready"
_LOG_LINE = "see the line of [AWS Parameters and Secrets Lambda Extension] in the function's log, which names the cause"


class Failure:
    """One value that did not come.

    Args:
        got: what happened instead.
        fix: what to change.
        tries: how many times it is asked for before that counts.
        status: the status of the extension's answer, if there was one.
    """

    __slots__ = ("fix", "got", "status", "tries")

    def __init__(self, got: str, fix: str, tries: int, status: int | None = None) -> None:
        self.got, self.fix, self.tries, self.status = got, fix, tries, status

    def error(self, ask: ParameterAsk | SecretAsk) -> ExtensionError:
        """Make it an error that names what was asked for."""
        return ExtensionError(f"{ask}: got {self.got}; fix: {self.fix}", status=self.status)


def outcome(ask: ParameterAsk | SecretAsk, answer: Response | OSError, port: int) -> Found | Failure:
    """Make of an answer the value, or the reason that there is none."""
    if not isinstance(answer, Response):
        return _unanswered(answer, port)
    if answer.status == 200:  # noqa: PLR2004 - OK
        return _read(ask, answer)
    return _refused(ask, answer)


def _read(ask: ParameterAsk | SecretAsk, answer: Response) -> Found | Failure:
    import json  # noqa: PLC0415 - loaded already wherever this runs

    try:
        return ask.found(json.loads(answer.body))
    except (ValueError, LookupError, TypeError, AttributeError):
        # The error itself would carry the body.
        return Failure(
            "an answer with status 200 that is not the extension's",
            "check what listens on the port of PARAMETERS_SECRETS_EXTENSION_HTTP_PORT",
            ONCE,
            answer.status,
        )


def _unanswered(error: OSError, port: int) -> Failure:
    if isinstance(error, ConnectionRefusedError):
        return Failure(
            f"connection refused on 127.0.0.1:{port}",
            "attach the extension's layer (HardenedFunction does when parameters or secrets are named), and let "
            "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT name its port",
            FEW,
        )
    if isinstance(error, TimeoutError):
        return Failure(
            "no answer in time",
            "give the budget's call 'parameters-and-secrets' a longer read or another attempt, or a function in a VPC "
            "the endpoints of ssm, secretsmanager and kms",
            MANY,
        )
    what = str(error) if isinstance(error, BrokenAnswerError) else "a lost connection"
    return Failure(f"{what} on 127.0.0.1:{port}", _LOG_LINE, FEW)


def _refused(ask: ParameterAsk | SecretAsk, answer: Response) -> Failure:
    status = answer.status
    if _NOT_READY in answer.body.lower():
        fix = "the extension answers only during an invocation; if this is one, give its call in the budget a longer read"
        return Failure(f"status {status}: the extension is not ready", fix, MANY, status)
    if status == 401:  # noqa: PLR2004 - HTTP's
        return Failure(
            "status 401: the session token was refused",
            "AWS_SESSION_TOKEN is Lambda's: do not set it",
            ONCE,
            status,
        )
    if status == 403:  # noqa: PLR2004 - HTTP's
        return Failure(
            "status 403", f"grant the function's role {ask.grants}; {ask.construct} does", ONCE, status
        )
    if status == 404:  # noqa: PLR2004 - HTTP's
        fix = "check the name, the version, the account and the region; a function reads those of its own region"
        return Failure("status 404: there is no such value", fix, ONCE, status)
    # The extension says 400 and no more when the value is not there, may not be read, or was asked for too often.
    fix = (
        f"{_LOG_LINE}; create the value if it is not there in this account and region, grant the function's role "
        f"{ask.grants} ({ask.construct} does), or raise the account's throughput if the service throttles"
    )
    return Failure(f"status {status} without a reason, to each of several tries", fix, FEW, status)
