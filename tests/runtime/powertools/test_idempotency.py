"""The real Powertools' idempotency on a real table: its records outlive every run of the function (H9)."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency import idempotent, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError

from constructs_lib import Call, RefusedError, TimeoutBudget
from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime import powertools
from constructs_lib.runtime.deadline import Deadline

if TYPE_CHECKING:
    from tests.runtime.powertools.conftest import Table

BUDGET = TimeoutBudget(
    gateway=None, function=20, init=2, calls=[Call("idempotency-table", connect=0.2, read=0.4, attempts=4)]
)


class Context:
    """A context with five seconds left, of the twenty that the function may run."""

    function_name = "orders"

    def get_remaining_time_in_millis(self) -> int:
        """Give five seconds."""
        return 5000


@pytest.fixture
def store(idempotency: Table, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the store on the construct's table, with the construct's environment."""
    monkeypatch.setenv("TIMEOUT_BUDGET", BUDGET.to_json())
    monkeypatch.setenv("IDEMPOTENCY_TABLE", idempotency.name)
    return powertools.idempotency_store()


def lasts(table: Table) -> float:
    """Give the seconds for which the one record counts as in progress from now on."""
    (record,) = table.items()
    return int(record["in_progress_expiration"]["N"]) / 1000 - time.time()


@pytest.mark.parametrize("left", ["decorated handler", "function without a context"])
def test_a_record_in_progress_outlives_the_function(store: Any, idempotency: Table, left: str) -> None:
    """Not only until the end of this invocation, and not for ever where nobody registered a context."""
    config, seen = powertools.idempotency_config(), list[float]()

    @idempotent(config=config, persistence_store=store)
    def handler(event: dict[str, Any], context: Any) -> None:  # noqa: ARG001
        seen.append(lasts(idempotency))

    @idempotent_function(  # type: ignore[untyped-decorator]
        data_keyword_argument="order", config=config, persistence_store=store
    )
    def place(order: dict[str, Any]) -> None:  # noqa: ARG001
        seen.append(lasts(idempotency))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if left == "decorated handler":
            handler({"order": 7}, Context())
        else:
            place(order={"order": 7})
    assert BUDGET.function < BUDGET.in_progress == 21
    assert 20 < seen[0] <= 21


def test_powertools_alone_ends_with_the_invocation(store: Any, idempotency: Table) -> None:
    """What this is for: on its own, the record lasts no longer than the time that is left."""
    from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig

    @idempotent(config=IdempotencyConfig(), persistence_store=store)
    def handler(event: dict[str, Any], context: Any) -> float:  # noqa: ARG001
        return lasts(idempotency)

    assert handler({"order": 7}, Context()) <= 5


def test_without_a_budget_the_record_outlasts_the_invocation(
    store: Any, idempotency: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function of another construct still gets more than the time that is left."""
    monkeypatch.delenv("TIMEOUT_BUDGET")

    @idempotent(config=powertools.idempotency_config(), persistence_store=store)
    def handler(event: dict[str, Any], context: Any) -> float:  # noqa: ARG001
        return lasts(idempotency)

    assert 5 < handler({"order": 7}, Context()) <= 6


def test_work_that_the_deadline_ends_is_not_repeated_while_it_may_go_on(
    store: Any, idempotency: Table
) -> None:
    """Nobody knows how far it went, so the record stays and a retry is told to come back."""
    done: list[str] = []

    @idempotent(config=powertools.idempotency_config(), persistence_store=store)
    def handler(event: dict[str, Any], context: Any) -> None:  # noqa: ARG001
        done.append("withdrawn")
        time.sleep(60)

    with pytest.raises(DeadlineExceeded), Deadline(0.5).guard():
        handler({"order": 7}, Context())
    with pytest.raises(IdempotencyAlreadyInProgressError):
        handler({"order": 7}, Context())
    assert done == ["withdrawn"]
    assert [record["status"]["S"] for record in idempotency.items()] == ["INPROGRESS"]


def test_a_repeated_event_gets_the_first_answer(store: Any) -> None:
    """Everything else is Powertools' own."""
    answers = iter(range(1, 9))

    @idempotent(config=powertools.idempotency_config(event_key_jmespath="order"), persistence_store=store)
    def handler(event: dict[str, Any], context: Any) -> int:  # noqa: ARG001
        return next(answers)

    assert [handler({"order": 7, "try": attempt}, Context()) for attempt in (1, 2)] == [1, 1]


def test_the_table_is_reached_within_the_budget(store: Any) -> None:
    """Two requests share the attempts of the budget's call, and botocore's minutes are gone."""
    config = store.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (0.2, 0.4)
    assert config.retries["total_max_attempts"] == 2


@pytest.mark.usefixtures("idempotency")
def test_a_client_of_ones_own_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gives the table and the client gets these."""
    monkeypatch.delenv("IDEMPOTENCY_TABLE", raising=False)
    client = boto3.client("dynamodb", region_name="eu-west-1")
    store = powertools.idempotency_store(table_name="mine", boto3_client=client)
    assert (store.table_name, store.client) == ("mine", client)


def test_without_a_table_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the construct's argument."""
    monkeypatch.delenv("IDEMPOTENCY_TABLE", raising=False)
    with pytest.raises(
        RefusedError, match=r"IDEMPOTENCY_TABLE: got no such variable; .*RuntimeFeatures\(idempotency=True\)"
    ):
        powertools.idempotency_store()
