"""The real Powertools' circuit breaker on the construct's table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.circuit_breaker import (
    CircuitBreakerConfig,
    CircuitBreakerOpenError,
    circuit_breaker,
)

from constructs_lib import Call, RefusedError, TimeoutBudget
from constructs_lib.runtime import powertools

if TYPE_CHECKING:
    from tests.runtime.powertools.conftest import Table


def test_a_circuit_opens_for_every_sandbox_that_shares_the_table(
    circuits: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the failures that trip it, the dependency is left alone, and the table says so."""
    monkeypatch.setenv("CIRCUIT_BREAKER_TABLE", circuits.name)
    called: list[int] = []

    @circuit_breaker(
        name="payments-of-a-test",
        persistence_store=powertools.circuit_breaker_store(),
        config=CircuitBreakerConfig(failure_threshold=2, local_cache_max_age=0),
    )
    def charge(order: int) -> None:
        called.append(order)
        raise TimeoutError("payments do not answer")

    for order in (1, 2):
        with pytest.raises(TimeoutError):
            charge(order)
    with pytest.raises(CircuitBreakerOpenError):
        charge(3)
    assert called == [1, 2]
    assert [item["state"]["S"].lower() for item in circuits.items()] == ["open"]


@pytest.mark.usefixtures("circuits")
def test_the_table_is_reached_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """A circuit breaker that hangs on its own table would be worse than none."""
    call = Call("circuit-breaker-table", connect=0.3, read=0.5, attempts=2)
    monkeypatch.setenv("CIRCUIT_BREAKER_TABLE", "circuits")
    monkeypatch.setenv("TIMEOUT_BUDGET", TimeoutBudget(calls=[call]).to_json())
    config: Any = powertools.circuit_breaker_store().client.meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (
        0.3,
        0.5,
        1,
    )


def test_without_a_table_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the construct's argument."""
    monkeypatch.delenv("CIRCUIT_BREAKER_TABLE", raising=False)
    with pytest.raises(RefusedError, match=r"RuntimeFeatures\(circuit_breaker=True\)"):
        powertools.circuit_breaker_store()
