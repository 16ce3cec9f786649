"""What one function cannot be at once, refused before anything is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import aws_lambda as lambda_

from constructs_lib.compute.tokens import is_token, known_whole_number
from constructs_lib.errors import RefusedError
from constructs_lib.limits import LAMBDA_LAYERS_MAX, LAMBDA_MEMORY_MAX, LAMBDA_MEMORY_MIN, SNAPSTART_TMP_MAX
from constructs_lib.timeouts.budget import with_init_type
from constructs_lib.timeouts.inequalities import never_cold

if TYPE_CHECKING:
    from aws_cdk import Size

    from constructs_lib.compute.provisioned import ProvisionedConcurrency
    from constructs_lib.timeouts.budget import InitType, TimeoutBudget

_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,128}")  # botocore lambda, shape Alias


def proven(
    subject: str,
    budget: TimeoutBudget,
    capacity: ProvisionedConcurrency | None,
    *,
    snap_start: bool,
    reserved: float | None,
) -> TimeoutBudget:
    """Prove the budget for the way in which this function's environments are really made (H4).

    Raises:
        RefusedError: the budget was proven for another way, one that the function does not have, or without cold
            starts, which its requests can meet.
        TimeoutHierarchyError: init does not fit the limit of this way.
    """
    actual: InitType = (
        "snap-start" if snap_start else "on-demand" if capacity is None else "provisioned-concurrency"
    )
    if budget.init_type not in {"on-demand", actual}:
        wanted = (
            "snap_start=True" if budget.init_type == "snap-start" else "provisioned=ProvisionedConcurrency()"
        )
        raise RefusedError(
            f"{subject}: budget",
            got=f"one proven for init_type={budget.init_type!r}, on a function of init type {actual!r}",
            allowed=f"a budget for 'on-demand' or {actual!r}",
            fix=f"give the function {wanted}, or leave init_type out of the budget",
        )
    least = 0 if capacity is None else capacity.least
    held = least if capacity is not None and is_token(reserved) else reserved  # a token may be all of it
    believable = never_cold(reserved=None if is_token(held) else held, warm=least, snap_start=snap_start)
    if not budget.cold_starts and budget.gateway is not None and not believable:
        raise _cold_starts_refused(subject, capacity)
    return budget if budget.init_type == actual else with_init_type(budget, actual)


def _cold_starts_refused(subject: str, capacity: ProvisionedConcurrency | None) -> RefusedError:
    found = "no provisioned concurrency" if capacity is None else "nothing that holds requests back"
    warm = 1 if capacity is None else capacity.least
    return RefusedError(
        f"{subject}: budget",
        got=f"cold_starts=False with {found}: requests beyond the warm environments start one on demand",
        allowed="cold_starts=True; or SnapStart, or a reserve that is provisioned as a whole at all times",
        fix=f"leave cold_starts out of the budget, or provision {warm} and set reserved_concurrent_executions={warm}",
    )


def refuse_conflicts(
    subject: str,
    *,
    memory_size: float,
    layers: int,
    reserved: float | None,
    capacity: ProvisionedConcurrency | None,
    snap_start: bool,
    runtime: lambda_.Runtime,
    ephemeral_storage_size: Size | None,
) -> None:
    """Refuse sizes out of range, and properties that exclude each other.

    Raises:
        RefusedError: with the one that contradicts, and what to change.
    """
    _refuse_sizes(subject, memory_size, layers)
    _refuse_odd_reserve(subject, reserved)
    if layers and runtime.name == lambda_.Runtime.FROM_IMAGE.name:
        raise RefusedError(
            f"{subject}: layers",
            got=f"{layers}, the extension's included, on a container image",
            allowed="none: what would be a layer is built into the image",
            fix="copy it in where the image is built, or give the code as a directory or zip",
        )
    if capacity is not None:
        _refuse_above_reserve(subject, capacity, reserved)
    if snap_start:
        _refuse_beside_snap_start(f"{subject}: snap_start", capacity, runtime, ephemeral_storage_size)


def _refuse_sizes(subject: str, memory_size: float, layers: int) -> None:
    least, most = int(LAMBDA_MEMORY_MIN), int(LAMBDA_MEMORY_MAX)
    if not is_token(memory_size) and memory_size not in range(least, most + 1):
        raise RefusedError(
            f"{subject}: memory_size",
            got=f"{memory_size} MB",
            allowed=f"whole MB from {least} to {most}",
            fix="1769 is one vCPU",
        )
    if layers > LAMBDA_LAYERS_MAX:
        raise RefusedError(
            f"{subject}: layers",
            got=f"{layers}, the extension's included",
            allowed=f"up to {LAMBDA_LAYERS_MAX}",
            fix="bundle dependencies with the code: layers neither start faster nor raise the size limit",
        )


def _refuse_odd_reserve(subject: str, reserved: float | None) -> None:
    if reserved is None or is_token(reserved) or (reserved >= 0 and float(reserved).is_integer()):
        return
    raise RefusedError(
        f"{subject}: reserved_concurrent_executions",
        got=f"{reserved:g}",
        allowed="whole numbers >= 0, or none",
        fix="leave it out to share the account's concurrency; 0 stops the function",
    )


def _refuse_above_reserve(subject: str, capacity: ProvisionedConcurrency, reserved: float | None) -> None:
    known = known_whole_number(reserved)
    if known is not None and capacity.most > known:
        raise RefusedError(
            f"{subject}: reserved_concurrent_executions",
            got=f"{known}, below the {capacity.most} environments that provisioned concurrency may ask for",
            allowed=f">= {capacity.most}, or none",
            fix=f"reserve {capacity.most}, or lower the provisioned concurrency",
        )


def _refuse_beside_snap_start(
    subject: str, capacity: ProvisionedConcurrency | None, runtime: lambda_.Runtime, size: Size | None
) -> None:
    if capacity is not None:
        raise RefusedError(
            subject,
            got="SnapStart together with provisioned concurrency",
            allowed="one of the two: Lambda refuses both on one version",
            fix="leave out snap_start to have no cold starts, or provisioned to pay for no idle environments",
        )
    if not runtime.supports_snap_start:
        raise RefusedError(
            subject,
            got=f"runtime {runtime.name}",
            allowed="Python 3.12, Java 11 or .NET 8 and newer",
            fix="take a newer runtime, or provisioned concurrency",
        )
    if size is not None and not size.is_unresolved() and size.to_mebibytes() > SNAPSTART_TMP_MAX:
        raise RefusedError(
            subject,
            got=f"{size.to_mebibytes():g} MB of ephemeral storage",
            allowed=f"up to {SNAPSTART_TMP_MAX}",
            fix="leave ephemeral_storage_size out, or take provisioned concurrency",
        )


def refuse_bad_alias(subject: str, name: str) -> None:
    """Refuse a name that Lambda takes for no alias, ``$LATEST`` and version numbers included.

    Raises:
        RefusedError: with the pattern of Lambda's own API.
    """
    if is_token(name) or (_ALIAS.fullmatch(name) and not name.isdecimal()):
        return
    raise RefusedError(
        f"{subject}: alias_name",
        got=repr(name),
        allowed="1 to 128 letters (A-Z, a-z), digits, - and _, not digits alone",
        fix='"live"',
    )


def refuse_network_without_vpc(subject: str, vpc: object, **network: object) -> None:
    """Refuse subnets and security groups of no VPC.

    Raises:
        RefusedError: names the argument.
    """
    for name, value in network.items():
        if vpc is None and value is not None:
            raise RefusedError(
                f"{subject}: {name}",
                got=f"{name} without vpc",
                allowed="both, or neither",
                fix="give the vpc too",
            )
