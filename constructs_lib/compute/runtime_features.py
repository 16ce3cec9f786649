"""What a handler uses of the runtime library, and what it needs for that: :class:`RuntimeFeatures`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_

from constructs_lib.compute.packaging import code_of
from constructs_lib.compute.runtime_bundle import PACKAGE, with_runtime
from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.timeouts.budget import with_call
from constructs_lib.timeouts.call import Call
from constructs_lib.timeouts.carriers import (
    CACHE_URL_VARIABLE,
    CIRCUIT_BREAKER_CALL,
    CIRCUIT_BREAKER_TABLE_VARIABLE,
    IDEMPOTENCY_CALL,
    IDEMPOTENCY_TABLE_VARIABLE,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_iam as iam
    from constructs import Construct

    from constructs_lib.timeouts.budget import TimeoutBudget

# A table in the region answers in milliseconds; what is waited beyond that is for a new TLS connection. Two requests an
# invocation: a record is tried twice each time, a circuit once, because Powertools goes on without it.
_CONNECT, _SHORTEST_READ, _LONGEST_READ = 0.25, 0.15, 0.5
_IDEMPOTENCY_ATTEMPTS, _CIRCUIT_ATTEMPTS = 4, 2
_BACKOFF = 0.1

_IDEMPOTENCY_ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
_CIRCUIT_ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
_URL = re.compile(r"rediss?://(?:(?P<user>.*)@)?[^/@]+[^@]*")
_POWERTOOLS = "aws_lambda_powertools"
_IMPORTS_RUNTIME = re.compile(r"^\s*(?:from|import)\s+constructs_lib\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeFeatures:
    """What of ``constructs_lib.runtime`` a function's handler uses.

    ``RuntimeFeatures()`` puts the library into the function's code asset, and that is all: deadlines, parameters and
    secrets through the extension, caching in memory, correlation, telemetry and late imports need nothing else. What needs
    a table, a grant or a variable is named, and only then made.

    A table is a downstream call of the handler, so it becomes one of the budget's calls (``"idempotency-table"``,
    ``"circuit-breaker-table"``), for all that one invocation asks of it. Unless the budget declares that call itself, it
    gets an equal share of the time that is open: 0.5 s a read at most.

    Args:
        idempotency: a table of idempotency records for Powertools' idempotency, of this function alone; or a table that
            several functions share, with the string ``id`` as its partition key and ``expiration`` as its TTL. Its name
            is in ``IDEMPOTENCY_TABLE``, for ``constructs_lib.runtime.powertools.idempotency_store()``.
        circuit_breaker: the same for Powertools' circuit breaker, in ``CIRCUIT_BREAKER_TABLE``. Functions that call the
            same dependency share a table, so that one learns from the failures of the other.
        cache_url: a Redis or Valkey behind ``constructs_lib.runtime.cached``, in ``CACHE_URL``: ``rediss://host:6379``. No
            password in it: anyone who may read the function's configuration reads it.
        bundle: False where the code has the library already, as a container image or a zip that was built with it.

    Raises:
        RefusedError: a cache URL that is none, or that holds a password.

    Example:
        >>> RuntimeFeatures(idempotency=True).bundle
        True
    """

    idempotency: bool | dynamodb.ITable = False
    circuit_breaker: bool | dynamodb.ITable = False
    cache_url: str | None = None
    bundle: bool = True

    def __post_init__(self) -> None:
        """Refuse what the handler would stumble over, or everyone could read."""
        for name in ("idempotency", "circuit_breaker"):
            if not isinstance(wanted := getattr(self, name), bool) and not hasattr(wanted, "table_name"):
                raise RefusedError(
                    f"RuntimeFeatures: {name}",
                    got=repr(wanted),
                    allowed="True for a table of its own, or a dynamodb.ITable",
                    fix=f"{name}=dynamodb.Table.from_table_name(self, ..., {wanted!r})",
                )
        if self.cache_url is not None and not is_token(self.cache_url):
            _refuse_cache_url(self.cache_url)

    def with_calls(self, budget: TimeoutBudget) -> TimeoutBudget:
        """Prove the budget with the tables in it, as far as it does not declare them itself.

        Raises:
            TimeoutHierarchyError: the handler has not so much time left.
        """
        if self.idempotency:
            budget = _with_table_call(budget, IDEMPOTENCY_CALL, _IDEMPOTENCY_ATTEMPTS)
        if self.circuit_breaker:
            budget = _with_table_call(budget, CIRCUIT_BREAKER_CALL, _CIRCUIT_ATTEMPTS)
        return budget

    def variables(self) -> dict[str, str]:
        """Give the variables that the function gets, as far as their values are known before its tables are made."""
        tables = {
            IDEMPOTENCY_TABLE_VARIABLE: self.idempotency, CIRCUIT_BREAKER_TABLE_VARIABLE: self.circuit_breaker,
        }  # fmt: skip
        found = {name: "" if table is True else table.table_name for name, table in tables.items() if table}
        return found if self.cache_url is None else {**found, CACHE_URL_VARIABLE: self.cache_url}

    def code(self, subject: str, code: lambda_.Code | str | Path, layers: Sequence[object]) -> lambda_.Code:
        """Give the code with the library in it.

        Raises:
            RefusedError: code that nothing can be put into, a directory that holds a ``constructs_lib`` already, or one
                without the Powertools that a named feature needs.
        """
        if not self.bundle:
            return code_of(subject, code)
        if isinstance(code, lambda_.Code):
            raise RefusedError(
                f"{subject}: runtime_features",
                got=f"code as a lambda_.{type(code).__name__}, into which nothing can be put",
                allowed="the path of a directory; or code that was built with the library",
                fix="code=<the directory>; or pip install --no-deps --target . constructs-lib where it is built, and "
                "RuntimeFeatures(bundle=False)",
            )
        _ = code_of(subject, code)  # refuses what is no directory
        self._refuse_directory(subject, Path(code), layers)
        return code_of(subject, with_runtime(Path(code)))

    def _refuse_directory(self, subject: str, directory: Path, layers: Sequence[object]) -> None:
        if (directory / PACKAGE).exists():
            raise RefusedError(
                f"{subject}: runtime_features",
                got=f"{str(directory)!r}, which holds a {PACKAGE} already",
                allowed="one copy of the library, of this package's own version",
                fix=f"remove {PACKAGE} from the directory, or say RuntimeFeatures(bundle=False)",
            )
        named = "idempotency" if self.idempotency else "circuit_breaker" if self.circuit_breaker else None
        if named and not layers and not (directory / _POWERTOOLS).exists():
            raise RefusedError(
                f"{subject}: runtime_features",
                got=f"{named} without Powertools, which {str(directory)!r} does not hold and no layer can bring",
                allowed="Powertools beside the handler, or a layer that has it",
                fix=f"pip install --target {directory} aws-lambda-powertools, or layers=[<AWS's layer of Powertools>]",
            )

    def make_tables(
        self, scope: Construct, role: iam.IRole, removal_policy: RemovalPolicy
    ) -> dict[str, dynamodb.ITable]:
        """Make the tables that are to be the function's own, and let the role use each as Powertools does."""
        wanted = (
            (IDEMPOTENCY_TABLE_VARIABLE, self.idempotency, "IdempotencyRecords", _IDEMPOTENCY_ACTIONS),
            (CIRCUIT_BREAKER_TABLE_VARIABLE, self.circuit_breaker, "Circuits", _CIRCUIT_ACTIONS),
        )
        tables: dict[str, dynamodb.ITable] = {}
        for variable, given, construct_id, actions in wanted:
            if given is not False:
                table = _own_table(scope, construct_id, removal_policy) if given is True else given
                _grant(table, role, actions)
                tables[variable] = table
        return tables


def _refuse_cache_url(url: str) -> None:
    found = _URL.fullmatch(url)
    if found is None:
        raise RefusedError(
            "RuntimeFeatures: cache_url",
            got=repr(url),
            allowed="redis://host:port or rediss://host:port",
            fix="rediss:// is the encrypted one",
        )
    if (found["user"] or "").partition(":")[2] or "password=" in url:  # redis-py takes it as a query, too
        raise RefusedError(
            "RuntimeFeatures: cache_url",
            got="a password in the URL",
            allowed="a URL without one: it stands in the template and in the function's configuration",
            fix="in the handler, Cache(RedisStore(url, password=lambda: secret(name))), which reads it for each connection",
        )


def code_with(
    subject: str,
    code: lambda_.Code | str | Path,
    handler: str,
    layers: Sequence[object],
    features: RuntimeFeatures | None,
) -> lambda_.Code:
    """Give the function's code, with the runtime library in it where features are named.

    Raises:
        RefusedError: as :meth:`RuntimeFeatures.code`; or a handler's module that imports the library, which then would not
            be there.
    """
    if features is not None:
        return features.code(subject, code, layers)
    if not isinstance(code, lambda_.Code) and not layers:
        directory = Path(code)
        module = directory / f"{handler.rpartition('.')[0].replace('.', '/')}.py"
        has_it = (directory / PACKAGE).exists() or not module.is_file()
        if not has_it and _IMPORTS_RUNTIME.search(module.read_text(encoding="utf-8", errors="replace")):
            raise RefusedError(
                f"{subject}: runtime_features",
                got=f"none, and {module.name} imports {PACKAGE}, which {str(directory)!r} does not hold",
                allowed="the library beside the handler",
                fix="runtime_features=RuntimeFeatures(), which bundles it",
            )
    return code_of(subject, code)


def _with_table_call(budget: TimeoutBudget, name: str, attempts: int) -> TimeoutBudget:
    if any(call.name == name for call in budget.calls):
        return budget
    call = partial(Call, name, connect=_CONNECT, attempts=attempts, backoff=_BACKOFF)
    share = with_call(budget, call()).calls[-1].read or 0
    return with_call(budget, call(read=min(max(share, _SHORTEST_READ), _LONGEST_READ)))


def _grant(table: dynamodb.ITable, role: iam.IRole, actions: Sequence[str]) -> None:
    table.grant(role, *actions)
    if (key := table.encryption_key) is not None:
        key.grant_encrypt_decrypt(role)


def _own_table(scope: Construct, construct_id: str, removal_policy: RemovalPolicy) -> dynamodb.Table:
    return dynamodb.Table(
        scope,
        construct_id,
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        time_to_live_attribute="expiration",
        encryption=dynamodb.TableEncryption.AWS_MANAGED,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        removal_policy=removal_policy,
    )
