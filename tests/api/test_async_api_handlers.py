"""What runs behind an asynchronous API: a job is taken once, done once, and ends where it can be seen."""

from __future__ import annotations

import base64
import json
import random
import time
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from constructs_lib.api.async_handlers.async_jobs import messages, records
from tests.api.async_jobs import ATTEMPTS, LEASE, LIFETIME, RESULT_LIFETIME, VISIBILITY, Aws, Jobs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """Give an AWS of its own to the tests of this module."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        yield Aws()


@pytest.fixture
def jobs(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Give an asynchronous API whose job echoes its request."""
    return Jobs(aws, monkeypatch)


def accepted(jobs: Jobs, body: Any = None, **request: Any) -> str:
    """Send a job, and give its id."""
    answer = jobs.post(body, **request)
    assert answer["statusCode"] == 202, answer
    job: str = json.loads(answer["body"])["id"]
    return job


def test_a_job_is_accepted_done_and_told_of(jobs: Jobs) -> None:
    """From 202 to the result, with the status on its way."""
    answer = jobs.post({"month": 10})
    job = json.loads(answer["body"])["id"]
    assert answer["headers"]["Location"] == f"/live/reports/{job}"
    assert jobs.get(job)[1]["status"] == "accepted"
    (message,) = jobs.sent()
    seen: list[Any] = []

    def work(request: dict[str, Any], _: Any) -> dict[str, int]:
        seen.append((jobs.get(job)[1]["status"], request))
        return {"orders": 3}

    jobs.job = work
    assert jobs.deliver(message)
    ((while_running, request),) = seen
    assert while_running == "running"
    assert (request["body"], request["id"], request["attempt"], request["caller"]) == (
        {"month": 10},
        job,
        1,
        "acme",
    )
    code, body = jobs.get(job)
    assert (code, body["status"], body["result"]) == (200, "done", {"orders": 3})
    assert (body["accepted"], body["expires"]) == ("2026-09-21T14:13:20Z", "2026-09-21T14:23:20Z")


def test_the_same_again_is_the_same_job(jobs: Jobs) -> None:
    """Sent three times, accepted three times, one record and one message."""
    assert len({accepted(jobs, {"month": 10}) for _ in range(3)}) == 1
    assert len(jobs.sent()) == 1


def test_another_key_or_caller_is_another_job(jobs: Jobs) -> None:
    """Keys belong to whoever sends them."""
    ids = {accepted(jobs, key="a"), accepted(jobs, key="b"), accepted(jobs, key="a", caller="other")}
    assert len(ids) == 3
    assert len(jobs.sent()) == 3


def test_another_request_under_the_same_key_is_refused(jobs: Jobs) -> None:
    """Body or path: whoever made the mistake must learn of it."""
    accepted(jobs, {"month": 10})
    assert jobs.post({"month": 11})["statusCode"] == 422
    assert jobs.post({"month": 10}, pathParameters={"shop": "berlin"})["statusCode"] == 422
    assert len(jobs.sent()) == 1


def test_a_message_that_did_not_go_out_goes_out_with_the_next_try(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller got no 202, so it sends again; the record is there already, the message is not."""
    queue = jobs.queue.url
    monkeypatch.setenv("JOBS_QUEUE", queue + "-gone")
    with pytest.raises(Exception, match="NonExistentQueue"):
        jobs.post({"month": 10})
    monkeypatch.setenv("JOBS_QUEUE", queue)
    accepted(jobs, {"month": 10})
    assert len(jobs.sent()) == 1


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({"key": None}, 400, "Idempotency-Key must be"),
        ({"key": "two words"}, 400, "Idempotency-Key must be"),
        ({"key": "x" * 256}, 400, "Idempotency-Key must be"),
        ({"body": "{"}, 400, "the body is not JSON"),
        ({"body": {"text": "x" * 1_048_576}}, 413, "the request is over the 1048576 bytes"),
    ],
    ids=["no key", "blank in key", "long key", "no JSON", "too large"],
)
def test_requests_that_no_job_can_be_made_of(
    jobs: Jobs, request_: dict[str, Any], code: int, message: str
) -> None:
    """They are told what is wrong, and leave nothing behind."""
    answer = jobs.post(**request_)
    assert (answer["statusCode"], jobs.sent()) == (code, [])
    assert json.loads(answer["body"])["message"].startswith(message)
    assert jobs.table.scan()["Items"] == []


def test_a_body_in_base64_and_no_body(jobs: Jobs) -> None:
    """API Gateway encodes what it takes for binary; a job may need no body at all."""
    coded = base64.b64encode(b'{"month": 10}').decode()
    accepted(jobs, coded, key="a", isBase64Encoded=True)
    jobs.post(key="b", body="")
    assert [json.loads(each)["request"]["body"] for each in jobs.sent()] == [{"month": 10}, None]


def test_nobody_sees_the_jobs_of_others(jobs: Jobs) -> None:
    """The id alone opens nothing, and says nothing."""
    job = accepted(jobs)
    assert jobs.get(job, caller="other")[0] == jobs.get("0" * 32)[0] == 404


def test_a_role_is_one_caller_in_all_its_sessions(jobs: Jobs) -> None:
    """A retry may come from another machine."""
    ids = set()
    for session in ("one", "two"):
        arn = f"arn:aws:sts::111111111111:assumed-role/Shop/{session}"
        context = {"path": "/reports", "identity": {"userArn": arn}}
        ids.add(json.loads(jobs.post(requestContext=context)["body"])["id"])
    assert len(ids) == 1


def test_a_failed_attempt_is_tried_again(jobs: Jobs) -> None:
    """The message comes back, and the job is free for it at once."""
    job = accepted(jobs)
    (message,) = jobs.sent()
    jobs.job = lambda *_: 1 / 0
    assert not jobs.deliver(message)
    assert jobs.get(job)[1]["status"] == "accepted"
    jobs.job = lambda request, _: request["attempt"]
    assert jobs.deliver(message, receives=2)
    assert jobs.get(job)[1]["result"] == 2


def test_a_failed_attempt_comes_back_sooner_than_a_silent_one(jobs: Jobs) -> None:
    """A quarter of the visibility timeout before the last attempt but one, then the whole; the last has no next."""
    accepted(jobs)
    (message,) = jobs.sent()
    jobs.job = lambda *_: 1 / 0
    for receives in range(1, ATTEMPTS + 1):
        jobs.deliver(message, receives=receives)
    assert jobs.pauses == [("receipt 1", VISIBILITY // 4), ("receipt 2", VISIBILITY)]


def test_a_message_comes_back_after_its_pause(aws: Aws) -> None:
    """SQS shows it again then, and not before."""
    queue = aws.queues.create_queue(QueueName="Paused", Attributes={"VisibilityTimeout": "600"})
    messages.send(queue.url, "{}")
    (received,) = queue.receive_messages()
    assert queue.receive_messages() == []
    messages.come_back(queue.url, received.receipt_handle, 0)
    assert len(queue.receive_messages()) == 1


def test_a_job_that_takes_too_long_leaves_its_error(jobs: Jobs) -> None:
    """It is ended while there is time to write that down, and says where it stood; the sandbox lives on."""
    job = accepted(jobs)
    (message,) = jobs.sent()
    jobs.left = 4.1  # a call for its record and one for its message may take 4 s
    jobs.job = lambda *_: time.sleep(60)
    ended = [jobs.deliver(message, receives=receives) for receives in range(1, ATTEMPTS + 1)]
    assert ended == [False, False, True]
    (dead,) = jobs.buried()
    assert dead.message_attributes["ErrorMessage"]["StringValue"].startswith(
        "DeadlineExceeded: the deadline passed"
    )
    assert jobs.get(job)[1]["status"] == "failed"


def test_a_job_that_has_no_time_left_is_not_begun(jobs: Jobs) -> None:
    """What could not be ended in time is better tried again."""
    job = accepted(jobs)
    jobs.left = 3
    jobs.job = lambda *_: pytest.fail("it was begun")
    assert not jobs.deliver(*jobs.sent())
    assert jobs.get(job)[1]["status"] == "accepted"


def test_a_job_has_the_correlation_id_of_its_request(jobs: Jobs) -> None:
    """From the header over the queue into the worker, and with a job that failed into the dead-letter queue."""
    jobs.post(headers={"Idempotency-Key": "k", "X-Correlation-Id": "checkout-4711"})
    (sent,) = jobs.take()
    assert sent.message_attributes["correlation_id"]["StringValue"] == "checkout-4711"
    attributes = {"correlation_id": {"stringValue": "checkout-4711", "dataType": "String"}}
    jobs.job = lambda *_: 1 / 0
    jobs.deliver(sent.body, receives=ATTEMPTS, messageAttributes=attributes)
    (dead,) = jobs.buried()
    assert dead.message_attributes["correlation_id"]["StringValue"] == "checkout-4711"


def test_a_poison_message_ends_with_its_error(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    """In the dead-letter queue and the log with the error, in the status without its text, which may tell too much."""
    job = accepted(jobs)
    (message,) = jobs.sent()
    jobs.job = lambda *_: 1 / 0
    ended = [jobs.deliver(message, receives=receives) for receives in range(1, ATTEMPTS + 1)]
    assert ended == [False, False, True]
    (dead,) = jobs.buried()
    assert dead.body == message
    assert dead.message_attributes["ErrorMessage"]["StringValue"] == "ZeroDivisionError: division by zero"
    assert jobs.get(job)[1]["error"] == {"message": f"failed after {ATTEMPTS} attempts"}
    assert caplog.text.count(f"job {job} failed") == caplog.text.count("ZeroDivisionError") == ATTEMPTS


class WrongMonthError(Exception):
    """An error that trying again does not mend."""

    permanent = True


def test_a_permanent_error_is_tried_once_and_shown(jobs: Jobs) -> None:
    """Its author says so, and wrote it for the caller."""
    job = accepted(jobs)
    (message,) = jobs.sent()

    def refuse(*_: Any) -> None:
        raise WrongMonthError("there is no month 13")

    jobs.job = refuse
    assert jobs.deliver(message)
    assert jobs.get(job)[1]["error"] == {"message": "there is no month 13"}
    assert len(jobs.buried()) == 1


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({1, 2}, "the result is not JSON"),
        ("x" * 400_000, "the result has 400002 bytes, and 380000 can be kept"),
    ],
    ids=["a set", "too large"],
)
def test_a_result_that_cannot_be_kept_fails_the_job(jobs: Jobs, result: Any, message: str) -> None:
    """Once, with what to do instead."""
    job = accepted(jobs)
    jobs.job = lambda *_: result
    assert jobs.deliver(*jobs.sent())
    assert jobs.get(job)[1]["error"]["message"].startswith(message)


def test_of_two_workers_only_one_works(jobs: Jobs) -> None:
    """SQS may hand a message out twice; the second waits for what becomes of the first."""
    job = accepted(jobs)
    (message,) = jobs.sent()
    second: list[bool] = []
    jobs.job = lambda *_: second.append(jobs.deliver(message, request="r-2"))
    assert jobs.deliver(message)
    assert second == [False]
    assert jobs.deliver(message, request="r-3"), "the copy of a job that is done may go"
    assert jobs.get(job)[1]["status"] == "done"


def test_a_dead_workers_job_is_free_after_its_claim(jobs: Jobs) -> None:
    """Not before: it may still be at work."""
    job = accepted(jobs)
    (message,) = jobs.sent()
    die(jobs, message)
    jobs.job = lambda *_: "done"
    assert not jobs.deliver(message, receives=2, request="r-2")
    jobs.clock += LEASE
    assert jobs.deliver(message, receives=2, request="r-3")
    assert jobs.get(job)[1]["result"] == "done"


def test_a_worker_that_lost_its_claim_writes_nothing(jobs: Jobs) -> None:
    """Whoever works now ends the job."""
    job = accepted(jobs)
    (message,) = jobs.sent()

    def oversleep(*_: Any) -> str:
        jobs.clock += LEASE
        jobs.job = lambda *_: "second"
        assert jobs.deliver(message, request="r-2")
        return "first"

    jobs.job = oversleep
    assert not jobs.deliver(message)
    assert jobs.get(job)[1]["result"] == "second"


def test_only_whoever_holds_the_claim_can_end_a_job(jobs: Jobs) -> None:
    """Not the one before, though the job is running still."""
    job = accepted(jobs)
    claim: dict[str, Any] = {
        "caller": "acme",
        "lease": LEASE,
        "expires": jobs.clock + LIFETIME,
        "redriven": False,
    }
    assert records.claim(job, "r-1", **claim)
    jobs.clock += LEASE
    assert records.claim(job, "r-2", **claim)
    ends = (
        records.done(job, "r-1", "{}", expires=0),
        records.failed(job, "r-1", "late", public=True, expires=0),
        records.try_again(job, "r-1", "late"),
    )
    assert ends == (False, False, False)
    assert jobs.get(job)[1]["status"] == "running"
    assert records.try_again(job, "r-2", "not yet")


def test_a_job_whose_worker_always_dies_has_failed(jobs: Jobs) -> None:
    """Nobody is left to write it down, so whoever asks is told."""
    job = accepted(jobs)
    (message,) = jobs.sent()
    for receives in range(1, ATTEMPTS + 1):
        assert jobs.get(job)[1]["status"] != "failed"
        die(jobs, message, receives)
        jobs.clock += LEASE
    found = jobs.get(job)[1]
    assert (found["status"], found["error"]["message"]) == (
        "failed",
        f"the last of {ATTEMPTS} attempts ended without an answer",
    )


def test_a_job_that_was_never_taken_has_failed_when_its_message_is_gone(jobs: Jobs) -> None:
    """Its message has expired in the queue, or lies in the dead-letter queue unseen."""
    job = accepted(jobs)
    jobs.clock += LIFETIME
    assert jobs.get(job)[1]["error"] == {"message": "it was not worked off in time"}


def test_a_message_sent_back_from_the_dead_letter_queue_is_worked_off(jobs: Jobs) -> None:
    """The cause is mended, and the same URL has the result; a mere copy of a failed job is not tried again."""
    job = accepted(jobs)
    (message,) = jobs.sent()
    jobs.job = lambda *_: 1 / 0
    jobs.deliver(message, receives=ATTEMPTS)
    (dead,) = jobs.buried()
    jobs.job = lambda *_: "mended"
    assert jobs.deliver(message, request="copy")
    assert jobs.get(job)[1]["status"] == "failed"
    assert jobs.deliver(dead.body, request="r-2", messageAttributes=dead.message_attributes)
    assert jobs.get(job)[1]["result"] == "mended"


def test_a_record_that_is_gone_begins_anew(jobs: Jobs) -> None:
    """A message may come back from the dead-letter queue after its record has expired."""
    job = accepted(jobs, {"month": 10})
    (message,) = jobs.sent()
    jobs.table.delete_item(Key={"id": job})
    assert jobs.deliver(message)
    assert jobs.get(job)[1]["result"] == {"echo": {"month": 10}}


def test_a_result_expires_and_its_key_may_be_used_again(jobs: Jobs) -> None:
    """DynamoDB may take days to remove what has expired; for callers it is gone at once."""
    job = accepted(jobs)
    jobs.deliver(*jobs.sent())
    jobs.clock += RESULT_LIFETIME - 1
    assert jobs.get(job)[1]["status"] == "done"
    jobs.clock += 1
    assert jobs.get(job)[0] == 404
    assert accepted(jobs) == job
    assert jobs.get(job)[1]["status"] == "accepted"
    jobs.job = lambda *_: "again"
    assert jobs.deliver(*jobs.sent())
    assert jobs.get(job)[1]["result"] == "again"


def test_answers_carry_what_a_browser_needs(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only for the origins that the API allows."""
    monkeypatch.setenv("CORS", json.dumps({"origins": ["https://shop.example"], "credentials": True}))
    for origin, allowed in (("https://shop.example", "https://shop.example"), ("https://evil.example", None)):
        headers = jobs.post(headers={"Idempotency-Key": "k", "Origin": origin})["headers"]
        assert headers.get("Access-Control-Allow-Origin") == allowed
        assert headers["Vary"] == "Origin"


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_lost_and_nothing_done_twice(jobs: Jobs, seed: int) -> None:
    """Copies, deaths, failures and poison in any order: each job ends once, and each effect happens once."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    poison = {job for job in (accepted(jobs, n, key=f"k-{n}") for n in range(12)) if chance.random() < 0.2}
    effects: dict[str, int] = {}

    def job(request: dict[str, Any], _: Any) -> str:
        if request["id"] in poison or chance.random() < 0.2:
            raise ValueError("not today")
        if chance.random() < 0.2:
            raise SystemExit
        effects[request["id"]] = effects.get(request["id"], 0) + 1
        return "done"

    jobs.job = job
    waiting = [(message, 1) for message in jobs.sent() for _ in range(chance.choice((1, 1, 2)))]
    moved = work_off(jobs, waiting, chance)
    moved |= {json.loads(dead.body)["id"] for dead in jobs.buried()}
    for job_id in {record["id"] for record in jobs.table.scan()["Items"]}:
        status = jobs.get(job_id)[1]["status"]
        assert (status == "done") == (effects.get(job_id) == 1)
        assert status == "done" or job_id in moved
    assert poison.isdisjoint(effects)
    assert set(effects.values()) <= {1}


def work_off(jobs: Jobs, waiting: list[tuple[str, int]], chance: random.Random) -> set[str]:
    """Deliver until nothing waits, as SQS does; gives the jobs whose messages it moved to the dead-letter queue itself."""
    moved = set()
    number = 0
    while waiting:
        message, receives = waiting.pop(chance.randrange(len(waiting)))
        if receives > ATTEMPTS:
            moved.add(json.loads(message)["id"])
            continue
        number += 1
        try:
            ended = jobs.deliver(message, receives=receives, request=f"r-{number}")
        except SystemExit:
            ended = False
        jobs.clock += chance.choice((0, LEASE))
        if not ended:
            waiting.append((message, receives + 1))
    jobs.clock += LEASE
    return moved


def die(jobs: Jobs, message: str, receives: int = 1) -> None:
    """Let the worker die in the middle of the job, as a timeout or a crash ends it."""

    def vanish(*_: Any) -> None:
        raise SystemExit

    jobs.job = vanish
    with pytest.raises(SystemExit):
        jobs.deliver(message, receives=receives)
