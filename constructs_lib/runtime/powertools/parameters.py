"""Powertools' parameter providers over the Parameters and Secrets extension: no SDK call, no SDK client.

Their cache, transformations and errors are Powertools' own; the extension's cache lies behind theirs. Whoever needs neither
takes :func:`constructs_lib.runtime.parameter`, which loads neither Powertools nor boto3.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.parameters import BaseProvider

from constructs_lib.errors import RefusedError
from constructs_lib.runtime import extension


class SSMProvider(BaseProvider):
    """Parameters of the Parameter Store, in place of Powertools' ``SSMProvider``.

    ::

        limit = SSMProvider().get("/orders/limit", max_age=60)
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def _get(self, name: str, *, decrypt: bool = True, **options: Any) -> str:
        _refuse_options("SSMProvider.get", options)
        return extension.parameter(name, decrypt=decrypt)

    def _get_multiple(self, path: str, *, decrypt: bool = True, **options: Any) -> dict[str, str]:
        _refuse_options("SSMProvider.get_multiple", options)
        below = extension.parameters(path, decrypt=decrypt)
        return {name.removeprefix(path).lstrip("/"): value for name, value in below.items()}


class SecretsProvider(BaseProvider):
    """Secrets of the Secrets Manager, in place of Powertools' ``SecretsProvider``.

    ::

        password = SecretsProvider().get("orders/database", transform="json")["password"]
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def _get(self, name: str, **options: Any) -> str:
        version, stage = options.pop("VersionId", None), options.pop("VersionStage", None)
        _refuse_options("SecretsProvider.get", options)
        return extension.secret(name, version=version, stage=stage)

    def _get_multiple(self, path: str, **_options: Any) -> dict[str, str]:
        raise RefusedError(
            "SecretsProvider.get_multiple",
            got=f"{path!r}",
            allowed="one secret at a time",
            fix="get(...) for each",
        )


def _refuse_options(subject: str, options: dict[str, Any]) -> None:
    if options:
        got = ", ".join(sorted(options))
        raise RefusedError(
            subject, got=got, allowed="what the extension knows", fix="use Powertools' own provider"
        )
