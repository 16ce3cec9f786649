"""TimeoutBudget: what it derives, what it refuses, and how it says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from constructs_lib import Call, RefusedError, TimeoutBudget, TimeoutHierarchyError
from constructs_lib.limits import BOTOCORE_ATTEMPTS_DEFAULT, BOTOCORE_CONNECT_DEFAULT, BOTOCORE_READ_DEFAULT
from constructs_lib.timeouts.budget import with_call, with_init_type


def refusal(**numbers: object) -> TimeoutHierarchyError:
    """Give the error that these numbers raise."""
    with pytest.raises(TimeoutHierarchyError) as caught:
        TimeoutBudget(**numbers)  # type: ignore[arg-type]
    return caught.value


def test_the_default_budget_is_that_of_a_regional_rest_api() -> None:
    """29 s of patience less 4 s of init and half a second of margin leave 24 whole seconds."""
    budget = TimeoutBudget()
    assert (budget.gateway, budget.init, budget.function, budget.integration) == (29, 4, 24, 28.501)
    assert (budget.visibility, budget.task, budget.in_progress) == (144, 29, 25)


def test_ten_seconds_of_init_leave_less_than_nineteen() -> None:
    """A first request waits for init before the function's own clock starts."""
    assert TimeoutBudget(init=9.5).function == 18


def test_a_worker_nobody_waits_for_gets_the_shortest_timeout_that_covers_its_work() -> None:
    """Without a gateway the function is derived from init and work alone."""
    budget = TimeoutBudget(gateway=None, init=2, calls=[Call("db", read=3, attempts=1)], batch_window=5)
    assert (budget.function, budget.visibility, budget.integration) == (7, 47, None)


def test_a_callee_is_waited_for_until_its_own_timeout_has_passed() -> None:
    """H8: the client outlasts init and timeout of the function it invokes."""
    stock = TimeoutBudget(gateway=None, init=1, work=3)
    budget = TimeoutBudget(init=2, calls=[Call("stock", callee=stock, attempts=1)])
    assert stock.function == 5
    assert budget.calls[0].read == 6.001


def test_a_client_that_gives_up_before_its_callee_is_refused() -> None:
    """H8 names itself and the callee."""
    stock = TimeoutBudget(gateway=None, init=1, work=3)
    error = refusal(init=2, calls=[Call("stock", callee=stock, attempts=1, read=5)])
    assert error.violated == ("H8",)
    assert "read of stock 5 -> 6.001" in str(error)


def test_botocores_unset_defaults_do_not_fit_behind_any_gateway() -> None:
    """Three attempts of 120 s each outlast every function that a gateway waits for."""
    dynamodb = Call(
        "table",
        connect=BOTOCORE_CONNECT_DEFAULT,
        read=BOTOCORE_READ_DEFAULT,
        attempts=int(BOTOCORE_ATTEMPTS_DEFAULT),
    )
    assert refusal(calls=[dynamodb]).violated == ("H3",)


def test_the_refusal_lays_out_the_whole_arithmetic() -> None:
    """One line per term, one per inequality, and each change that mends it by itself."""
    assert str(refusal(gateway=29, init=4, function=60, calls=[Call("db", read=2, attempts=1)])) == (
        """\
the hierarchy of waits does not hold: H1, H2
  H1: the caller gets a 504 while the function still runs and bills
  H2: the first request after a scale-out gets a 504: init runs before the function's own clock starts

  numbers, in seconds
    gateway              29  given
    integration      64.501  derived
    init                  4  given
    function             60  given
    work                  3  derived
    margin              0.5  given
    batch window          0  given
    visibility          360  derived
    task                 65  derived
    in progress          61  derived
    call db: 1 x (connect 1 + read 2) + back-off 0 = 3

  inequalities
    H1  gateway > function                         29 > 60                   BROKEN, 31 short
    H2  gateway > init + function + margin         29 > 4 + 60 + 0.5 = 64.5  BROKEN, 35.5 short
    H3  function > init + work                     60 > 4 + 3 = 7            holds, 53 to spare
    H4  init < 10                                  4 < 10                    holds, 6 to spare
    H5  work >= sum of calls                       3 >= 3                    holds, just
    H6  visibility >= 6 x function + batch window  360 >= 6 x 60 + 0 = 360   holds, just
    H7  task > init + function                     65 > 4 + 60 = 64          holds, 1 to spare
    H9  in progress > function                     61 > 60                   holds, 1 to spare

  smallest changes, each enough by itself
    gateway 29 -> 64.501  (over API Gateway's default 29 s)
    function 60 -> 24"""
    )


@pytest.mark.parametrize(
    ("numbers", "violated", "change"),
    [
        ({"function": 3, "init": 3, "gateway": None}, ("H3",), "function 3 -> 4"),
        ({"function": 29, "cold_starts": False}, ("H1",), "function 29 -> 28"),
        ({"init": 10, "gateway": None, "function": 20}, ("H4",), "init 10 -> 9.999"),
        ({"init": 131, "gateway": None, "function": 200, "init_type": "snap-start"}, (), ""),
        ({"work": 2, "calls": [Call("db", read=2, attempts=1)]}, ("H5",), "work 2 -> 3"),
        ({"function": 30, "gateway": None, "visibility": 30}, ("H6",), "visibility 30 -> 180"),
        ({"function": 20, "task": 24}, ("H7",), "task 24 -> 25"),
        ({"function": 20, "in_progress": 20}, ("H9",), "in progress 20 -> 21"),
        ({"gateway": 10, "init": 1, "integration": 12}, ("H1",), "integration 12 -> 10"),
        ({"gateway": 5, "init": 4, "function": 60}, ("H1", "H2"), "gateway 5 -> 64.501"),
        (
            {"gateway": 5, "init": 12, "function": 60},
            ("H1", "H2", "H4"),
            "leave function to be derived, and init 12 -> 1.999",
        ),
    ],
)
def test_each_inequality_is_named_with_the_smallest_change(
    numbers: dict[str, object], violated: tuple[str, ...], change: str
) -> None:
    """A refusal names exactly the inequalities that do not hold, and what would mend them."""
    if not violated:
        TimeoutBudget(**numbers)  # type: ignore[arg-type]
        return
    error = refusal(**numbers)
    assert error.violated == violated
    assert change in str(error)


def test_calls_that_fit_into_no_function_get_advice_instead_of_a_number() -> None:
    """Where no number mends it, the refusal says what to do with the work."""
    error = refusal(gateway=None, calls=[Call("a", read=900, attempts=1), Call("b", read=900, attempts=1)])
    assert "hand the work to a queue or a workflow" in str(error)


def test_init_that_is_too_long_on_demand_may_fit_with_provisioned_concurrency() -> None:
    """The same numbers are proven again for another way of making environments (H4)."""
    budget = TimeoutBudget(gateway=60, init=12, function=40, init_type="provisioned-concurrency")
    with pytest.raises(TimeoutHierarchyError, match="H4"):
        with_init_type(budget, "on-demand")
    assert with_init_type(budget, "snap-start").init_type == "snap-start"


def test_a_call_added_later_takes_its_time_from_the_open_reads_alone() -> None:
    """What the caller and the queue were told stays true: only a derived read shrinks."""
    budget = TimeoutBudget(gateway=10, init=2, calls=[Call("table", connect=1, attempts=1)])
    again = with_call(budget, Call("parameters", connect=0.5, read=1, attempts=1))
    assert [call.read for call in (*budget.calls, *again.calls)] == [3.999, 2.499, 1]
    assert (again.function, again.integration, again.visibility) == (7, 9.501, 42)


def test_a_call_added_later_never_stretches_the_function() -> None:
    """Where nobody waits the function would grow with its calls; a queue may already rely on its timeout."""
    budget = TimeoutBudget(gateway=None, init=2, calls=[Call("table", connect=1, read=4, attempts=1)])
    assert budget.function == 8
    with pytest.raises(TimeoutHierarchyError, match="function 8 -> 9"):
        with_call(budget, Call("parameters", connect=0.5, read=1, attempts=1))


def test_the_environment_carries_the_budget_as_compact_json() -> None:
    """The handler's side reads the same numbers back, in seconds."""
    carried = TimeoutBudget(gateway=10, init=2, calls=[Call("db", attempts=1)]).to_json()
    assert " " not in carried
    assert json.loads(carried) == {
        "gateway": 10.0,
        "integration": 9.501,
        "init": 2.0,
        "init_type": "on-demand",
        "function": 7,
        "work": 4.999,
        "margin": 0.5,
        "in_progress": 8,
        "calls": {"db": {"connect": 1.0, "read": 3.999, "attempts": 1, "backoff": 0.0}},
    }


def test_budgets_and_calls_are_values() -> None:
    """Equal numbers are equal objects, with a representation that reads like the call."""
    assert TimeoutBudget(calls=[Call("db")]) == TimeoutBudget(calls=[Call("db")])
    assert len({Call("db"), Call("db"), Call("db", attempts=3)}) == 2
    assert TimeoutBudget() != TimeoutBudget(init=3)
    assert repr(TimeoutBudget()) == "TimeoutBudget(gateway=29.0, init=4.0, function=24, calls=())"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"init": -1}, "init: got -1; allowed: seconds >= 0"),
        ({"gateway": 0}, "gateway: got 0; allowed: seconds > 0"),
        ({"gateway": float("nan")}, "gateway: got nan; allowed: seconds as a finite number, or a Duration"),
        ({"margin": float("inf")}, "margin: got inf"),
        ({"init": "4"}, "init: got '4'; allowed: seconds as a finite number, or a Duration"),
        ({"init": True}, "init: got True"),
        ({"function": 24.5}, "function: got 24.5 s; allowed: whole seconds from 1 to 900; fix: 24"),
        ({"function": 901}, "function: got 901 s; allowed: whole seconds from 1 to 900; fix: 900"),
        ({"visibility": 43_201}, "allowed: whole seconds from 0 to 43200"),
        ({"init_type": "warm"}, "allowed: on-demand, provisioned-concurrency, snap-start"),
        ({"gateway": None, "integration": 5}, "got an integration timeout with gateway=None"),
        ({"gateway": None, "calls": [Call("db")]}, "no read timeout, and nothing to derive it from"),
        ({"calls": [Call("db"), Call("db")]}, "got 'db' twice; allowed: one Call per name"),
        ({"calls": ["db"]}, "allowed: Call objects"),
    ],
)
def test_a_number_that_cannot_be_one_is_refused(numbers: dict[str, object], said: str) -> None:
    """The message says what was found, what is allowed and what to change."""
    with pytest.raises(RefusedError) as caught:
        TimeoutBudget(**numbers)  # type: ignore[arg-type]
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"name": ""}, "Call: name: got ''"),
        ({"name": "db", "attempts": 0}, "Call 'db': attempts: got 0; allowed: a whole number >= 1"),
        ({"name": "db", "attempts": 1.5}, "attempts: got 1.5"),
        ({"name": "db", "read": 0}, "Call 'db': read: got 0; allowed: seconds > 0"),
        ({"name": "db", "backoff": -1}, "Call 'db': backoff: got -1"),
    ],
)
def test_a_call_that_cannot_be_one_is_refused(numbers: dict[str, object], said: str) -> None:
    """A call names itself in its refusal."""
    with pytest.raises(RefusedError) as caught:
        Call(**numbers)  # type: ignore[arg-type]
    assert said in str(caught.value)


@pytest.mark.parametrize(("attempts", "backoff"), [(1, 0), (2, 1), (3, 3), (7, 51)])
def test_back_off_defaults_to_botocores_worst_case_when_throttled(attempts: int, backoff: float) -> None:
    """One second doubled each time, twenty at the most."""
    assert Call("db", attempts=attempts).backoff == backoff


class FakeDuration:
    """Offers what aws_cdk.Duration does, so that this test needs no Node."""

    def __init__(self, milliseconds: float | None) -> None:
        self.milliseconds = milliseconds

    def is_unresolved(self) -> bool:
        """Tell whether the amount is a token."""
        return self.milliseconds is None

    def to_milliseconds(self, *, integral: bool | None = None) -> float:
        """Give the amount, fractions included."""
        assert integral is False
        assert self.milliseconds is not None
        return self.milliseconds


def test_durations_are_read_and_tokens_refused() -> None:
    """A Duration counts by its milliseconds; one that is a token is unknown, and unknown proves nothing."""
    assert TimeoutBudget(init=FakeDuration(1500)).init == 1.5
    with pytest.raises(RefusedError, match="init: got a token, whose value is known only at deploy time"):
        TimeoutBudget(init=FakeDuration(None))


@pytest.mark.parametrize("name", ["gateway", "init", "function", "integration", "task"])
def test_number_tokens_are_called_tokens(name: str) -> None:
    """CDK writes them as huge negative numbers, which would read like a slip of the user's."""
    token: dict[str, Any] = {name: -1.8881545897087505e289}
    with pytest.raises(RefusedError, match=f"{name}: got a token, whose value is known only at deploy time"):
        TimeoutBudget(**token)


def test_a_lone_call_is_no_list() -> None:
    """The refusal shows the brackets that are missing."""
    lone: Any = Call("orders-table")
    with pytest.raises(RefusedError, match=r"allowed: a list of Call objects; fix: calls=\[Call"):
        TimeoutBudget(calls=lone)


def test_many_attempts_are_summed_at_once() -> None:
    """The pauses grow to 20 s and stay there, so that their sum needs no walk over a billion of them."""
    assert Call("x", attempts=13).backoff == 1 + 2 + 4 + 8 + 16 + 7 * 20
    assert Call("x", attempts=10**9).backoff == 31 + (10**9 - 6) * 20


def test_what_is_used_up_rounds_up_and_what_is_granted_rounds_down() -> None:
    """Fractions of a millisecond never turn into time that is not there."""
    budget = TimeoutBudget(gateway=10.0009, init=1.0001)
    assert (budget.gateway, budget.init) == (10.0, 1.001)


def test_budget_without_cold_starts_says_so_where_it_travels() -> None:
    """The template's metadata tells the policy that H2 was waived; other budgets do not mention it."""
    warm = TimeoutBudget(gateway=29, init=4, function=28, work=20, cold_starts=False)
    assert warm.to_dict()["cold_starts"] is False
    assert "cold_starts" not in TimeoutBudget(gateway=29, init=4).to_dict()
