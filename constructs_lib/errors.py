"""The errors this package raises: one tree, so that a caller can catch all of it or just one kind.

::

    ConstructsLibError
    ├── RefusedError (ValueError)           a value that is not accepted here
    ├── TimeoutHierarchyError (ValueError)  numbers that contradict the hierarchy of waits
    ├── TemplateError                       a template could not be read (policy)
    ├── RuleError                           a rule failed on a system: a defect of this package (policy)
    ├── DeadlineExceeded (TimeoutError)     the work was ended so that there is time to answer (runtime)
    ├── UnfinishedWorkError                 threads or tasks still ran when the handler returned (runtime)
    ├── SettingsError                       a settings file could not be used (policy)
    ├── LocalAwsError                       the local AWS could not be set up, started or deployed to
    └── ExtensionError                      a parameter or secret could not be read (runtime)
        └── OutsideInvocationError          it was asked for while modules are imported (runtime)
"""

from __future__ import annotations


class ConstructsLibError(Exception):
    """Base of every error that this package raises on purpose; its text is written for the person who reads it."""


class RefusedError(ConstructsLibError, ValueError):
    """A value that is legal somewhere but not here: says what was found, what is allowed, and what to change.

    Args:
        subject: what refuses, in the words of the API that was called, e.g. ``"HardenedRestApi 'Api': cache size"``.
        got: the value found.
        allowed: the values accepted.
        fix: the smallest change that mends it.

    Example:
        >>> str(RefusedError("cache size", got="1 GB", allowed="0.5, 1.6 or 6.1 GB", fix="use 1.6"))
        'cache size: got 1 GB; allowed: 0.5, 1.6 or 6.1 GB; fix: use 1.6'
    """

    def __init__(self, subject: str, *, got: object, allowed: str, fix: str) -> None:
        self.subject, self.got, self.allowed, self.fix = subject, got, allowed, fix
        super().__init__(_readable(f"{subject}: got {got}; allowed: {allowed}; fix: {fix}"))


def _readable(text: str) -> str:
    """Name what CDK only knows at deploy time: its placeholders are markers in texts and lists, and one huge number."""
    if "{Token[" not in text and "e+289" not in text:
        return text
    import re  # noqa: PLC0415 - a refusal with a placeholder is rare, and this module is loaded everywhere

    return re.sub(r"[$#]\{Token\[[^\]]*\]\}|-1\.888154\d*e\+289", "<known at deploy time>", text)


class TimeoutHierarchyError(ConstructsLibError, ValueError):
    """Numbers that contradict the hierarchy of waits; the message lays out the whole arithmetic.

    Args:
        violated: ids of the inequalities that do not hold, ``"H1"`` to ``"H9"``, in order.
        message: the arithmetic, one line per term, and the smallest changes that mend it.
    """

    def __init__(self, violated: tuple[str, ...], message: str) -> None:
        self.violated = violated
        super().__init__(message)


class TemplateError(ConstructsLibError):
    """A template that cannot be read, with the file, the place and the reason."""


class RuleError(ConstructsLibError):
    """A rule that failed on a system: a defect of this package; what the other rules found still counts."""


class DeadlineExceeded(ConstructsLibError, TimeoutError):  # noqa: N818 - the field's own word, as in gRPC
    """The work was ended, or not begun, because the deadline has passed: what is left of the timeout is for answering."""


class UnfinishedWorkError(ConstructsLibError):
    """Threads or tasks still ran when the handler returned: the frozen sandbox would have dropped their work silently."""


class SettingsError(ConstructsLibError):
    """A settings file or option that cannot be used, with the key and what is allowed there."""


class LocalAwsError(ConstructsLibError):
    """The local AWS cannot be set up, started or deployed to, with what was found and what to do."""


class ExtensionError(ConstructsLibError):
    """A parameter or secret that could not be read: what was asked for, what happened, what to change. Never a value.

    Args:
        message: the whole sentence.
        status: the HTTP status of the extension's answer; None if there was no answer.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class OutsideInvocationError(ExtensionError):
    """A parameter or secret that was asked for during init, when the extension does not answer."""
