"""1,000 bookings each through a queue, an asynchronous API and a workflow; workers are killed; counts show what is left."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import aws_cdk as cdk
import pytest

from constructs_lib.local import LocalAws, deploy
from tests.e2e.bookings_stack import BATCH, BookingsStack
from tests.e2e.counting import Books, Way, count, shown, statuses
from tests.e2e.fates import BOOKINGS, GOOD, KILLED, POISON, WAYS, fated
from tests.e2e.killing import Killer
from tests.e2e.patience import until
from tests.e2e.sending import Sender

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.local


class Run(NamedTuple):
    """What is looked at."""

    ways: dict[str, Way]
    sender: Sender
    executions: list[dict[str, Any]]
    books: Books
    table: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Deploy, send everything at once, kill, and count when all has come to rest."""
    app = cdk.App(outdir=str(tmp_path_factory.mktemp("app") / "cdk.out"), analytics_reporting=False)
    BookingsStack(app, "Bookings")
    app.synth()
    with LocalAws.start() as local:
        deployment = deploy(local, Path(app.outdir))
        with Killer(local, deployment.outputs["Bookings"]["Attempts"]) as killer:
            sender = Sender(local, deployment, killer)
            with ThreadPoolExecutor() as pool:
                workflow = pool.submit(lambda: [sender.run_the_workflow() for _ in range(2)])
                sent = [pool.submit(sender.send_messages), pool.submit(sender.send_jobs)]
                for each in sent:
                    each.result()
                until(lambda: not any(sender.waiting().values()), sender.waiting)
                executions = workflow.result()
        assert killer.failed is None
        ways = count(local, sender, killer.killed, executions[-1]["failures"])
        yield Run(ways, sender, executions, Books(local, sender.outputs), shown(ways, sender))


def test_the_counts(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The counts are shown, and nothing waits any more."""
    with capsys.disabled():
        print(f"\n{run.table}")  # noqa: T201 - whoever runs it wants to see them
    assert {way: run.ways[way].waiting for way in WAYS} == dict.fromkeys(WAYS, 0)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_lost(run: Run, way: str) -> None:
    """All but the poison are booked."""
    assert run.ways[way].booked == GOOD


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_done_twice(run: Run, way: str) -> None:
    """The balance is that of each amount once."""
    assert run.ways[way].balance == sum(GOOD)


@pytest.mark.parametrize("way", WAYS)
def test_workers_were_killed_in_the_middle(run: Run, way: str) -> None:
    """Each planned kill took place, and attempts found the effect of those that were killed before they could answer."""
    assert run.ways[way].killed == KILLED
    assert run.ways[way].repeated > 0


@pytest.mark.parametrize("way", WAYS)
def test_what_did_not_succeed_was_tried_again(run: Run, way: str) -> None:
    """A worker that was killed, one that hung until its deadline, and an error that passes: each took another attempt."""
    attempts = run.ways[way].attempts
    assert {number for number in KILLED | fated("hang", "hiccup") if attempts[number] < 2} == set()


@pytest.mark.parametrize("way", WAYS)
def test_poison_ends_in_the_dead_letter_queue(run: Run, way: str) -> None:
    """Each poison booking is there, with its own error, and no other booking is.

    SQS itself moves a message once. Who sends one gets it there at least once: a call without an answer is made again.
    """
    assert set(run.ways[way].buried) == POISON
    assert way != "queue" or run.ways[way].buried.total() == len(POISON)
    assert {
        number for number in POISON if f"booking {number} is" not in run.ways[way].errors[number]
    } == set()


def test_a_job_sent_twice_is_one_job(run: Run) -> None:
    """Each key has one id, and there is a record for each and no more."""
    assert {len(ids) for ids in run.sender.jobs.values()} == {1}
    records = run.books.records()
    assert set(records) == {job for ids in run.sender.jobs.values() for job in ids}
    assert Counter(record["status"]["S"] for record in records.values()) == {
        "done": len(GOOD),
        "failed": len(POISON),
    }


def test_callers_read_how_their_jobs_ended(run: Run) -> None:
    """A job that was killed or had a hiccup is done; a poisoned one has failed, and says why as far as its caller may know."""
    told = statuses(run.sender, POISON | KILLED | fated("hiccup", "hang"))
    assert {number for number, status in told.items() if status["status"] == "failed"} == POISON
    for number in fated("refused"):
        assert told[number]["error"] == {"message": f"booking {number} is refused"}
    for number in fated("poison"):
        assert told[number]["error"] == {"message": "failed after 5 attempts"}
    assert all(told[number]["result"] == {"booked": number} for number in told.keys() - POISON)


def test_a_run_started_again_goes_on_with_what_failed(run: Run) -> None:
    """The second execution works on the batches that the first left, and only those with poison fail again, and say why."""
    poisoned = len({number // BATCH for number in POISON})
    first, second = (json.loads(execution["output"])["batches"] for execution in run.executions)
    assert second == {
        "total": BOOKINGS // BATCH,
        "succeeded": BOOKINGS // BATCH - poisoned,
        "failed": poisoned,
    }
    assert first["failed"] >= poisoned
    causes = [failure["cause"] for failure in run.executions[-1]["failures"]]
    assert [cause for cause in causes if "PoisonError" not in cause] == []
