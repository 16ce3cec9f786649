""":class:`AsyncApi`: work that takes longer than a caller waits, behind a REST API: 202, a status URL, a result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Unpack

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk.aws_apigateway import Cors
from constructs import Construct

from constructs_lib.api.async_api_job import HANDLERS, MESSAGES, RECORDS, JobFunction
from constructs_lib.api.rest_api import HardenedRestApi
from constructs_lib.compute.arguments import check_kind
from constructs_lib.compute.function import HardenedFunction
from constructs_lib.compute.runtime_features import RuntimeFeatures
from constructs_lib.errors import RefusedError
from constructs_lib.limits import SQS_RETENTION_DEFAULT, SQS_RETENTION_MAX
from constructs_lib.messaging.queue_worker import QueueWorker
from constructs_lib.timeouts.budget import TimeoutBudget
from constructs_lib.timeouts.call import Call
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.seconds import Seconds, whole_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.api.routes import RouteOptions

_KEY = "Idempotency-Key"
_DAY = 86_400
_YEAR = 366 * _DAY

# At worst the record is begun or read, the message sent, and the note of that written; loading the SDK takes most of init.
_ACCEPTING = TimeoutBudget(
    gateway=20,
    init=2,
    calls=[
        Call(RECORDS, connect=0.5, attempts=2),
        Call(f"{RECORDS}-read", connect=0.5, attempts=2),
        Call(f"{RECORDS}-note", connect=0.5, attempts=2),
        Call(MESSAGES, connect=0.5, attempts=2),
    ],
)
_TELLING = TimeoutBudget(gateway=10, init=2, calls=[Call(RECORDS, connect=0.5, attempts=2)])


class AsyncApi(Construct):
    """Two routes of a REST API for one kind of job: POST takes it and answers 202 at once, GET tells how it is doing.

    ::

        POST /reports            Idempotency-Key: 6f1c...    202  {"id": ..., "status": "accepted", "location": ...}
        GET  /reports/{job_id}                               200  {"id": ..., "status": "running", "accepted": ...}
        GET  /reports/{job_id}                               200  {..., "status": "done", "result": {...}, "expires": ...}

    * **Once.** The caller's ``Idempotency-Key`` names the job: sending the same again, after a timeout or a 5xx, gives the same
      job; another request under the same key is refused (422). Each caller, as the authorizer names it, has its own keys, and
      nobody sees the jobs of others. On a public route whoever has a job's id sees it, so keys must be hard to guess, as UUIDs
      are.
    * **Nothing lost.** A 202 means that the record of the job and its message are both written. A job that is done is never
      taken again, and never by two workers at once: each step is one conditional write, and a claim lasts longer than the
      function may run (H9).
    * **Failures end somewhere.** A job that failed ``max_receive_count`` times has the status ``failed``, and its message is in
      the dead-letter queue with its error, seldom twice (a send that went unanswered is repeated); sent back from there, it
      is tried anew under the same URL. A job whose worker
      died each time without a word (a crash, no memory left) counts as failed when its last claim has run out, and one that
      was never taken when its message has expired; SQS itself moves those messages, so that they carry no error.
    * **Expiry.** Results are kept for ``result_lifetime``, then they are gone (404), and the key may be used again.

    Two small functions stand behind the routes rather than direct integrations of API Gateway. Taking a job once needs a
    conditional write, a message and an answer that depends on both, in this order, where an integration makes one call; mapping
    templates have no JSON parser that refuses, can be tried out nowhere but on AWS, and know no timeouts of their own. The
    price is one warm invocation of some ten milliseconds a request.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        api: the REST API that gets the routes; its authorizer, throttle and CORS count here too. Where it has CORS, browsers
            must be allowed to send the ``Idempotency-Key``.
        path: where jobs are sent, e.g. ``"/reports"``; their status is one level below, ``"/reports/{job_id}"``.
        job: what does one job; see :class:`JobFunction`. It takes the messages of this API alone, one at a time.
        result_lifetime: seconds, or a Duration, for which results are kept: a minute to a year, a day by default.
        maximum_concurrency: jobs at once, 2 to 1,000.
        max_receive_count: attempts at a job, 5 (the default) to 1,000.
        retention: seconds, or a Duration, for which a job may wait for its turn: 4 days by default, under 14 days.
        removal_policy: what becomes of the records, the queues and the logs when the stack goes.
        options: what POST takes and who may call both routes; see :class:`RouteOptions`. A ``body`` schema is checked
            before a job is taken.

    Attributes:
        accept: the function behind POST.
        status: the function behind GET.
        job: as it was given.
        table: the records of the jobs.
        worker: queue, dead-letter queue, mapping and alarms.

    Raises:
        RefusedError: an option that contradicts answering later, a job that is no :class:`JobFunction` or serves another API
            already, or what the routes or the queue refuse; nothing has been made then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import Access, AsyncApi, HardenedRestApi, JobFunction, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> api = HardenedRestApi(stack, "Api", authorizer=Access.IAM)
        >>> report = JobFunction(
        ...     stack,
        ...     "Report",
        ...     code=cdk.aws_lambda.Code.from_inline("def make(request, context): return {}"),
        ...     handler="index.make",
        ...     budget=TimeoutBudget(gateway=None, init=2, work=120),
        ... )
        >>> reports = AsyncApi(
        ...     stack,
        ...     "Reports",
        ...     api=api,
        ...     path="/reports",
        ...     job=report,
        ...     body={"type": "object", "required": ["month"]},
        ... )
        >>> reports.worker.dead_letter_queue is not None
        True
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: HardenedRestApi,
        path: str,
        job: JobFunction,
        result_lifetime: Seconds = _DAY,
        maximum_concurrency: float | None = None,
        max_receive_count: int = 5,
        retention: Seconds | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        **options: Unpack[RouteOptions],
    ) -> None:
        me = f"AsyncApi {construct_id!r}"
        check_kind(f"{me}: api", api, HardenedRestApi, "a HardenedRestApi", "HardenedRestApi(self, ...)")
        _check_job(me, scope, job)
        _check_options(me, options)
        _check_preflight(me, api)
        lifetime = _whole(f"{me}: result_lifetime", result_lifetime, 60, _YEAR)
        wait = SQS_RETENTION_DEFAULT if retention is None else retention
        waiting = _whole(f"{me}: retention", wait, 60, int(SQS_RETENTION_MAX))

        super().__init__(scope, construct_id)
        try:
            self.job = job
            self.worker = QueueWorker(
                self,
                "Jobs",
                function=job,
                batch_size=1,
                maximum_concurrency=maximum_concurrency,
                max_receive_count=max_receive_count,
                retention=waiting,
                removal_policy=removal_policy,
            )
            self.table = _make_table(self, removal_policy)
            lives = {"JOB_LIFETIME": str(waiting), "RESULT_LIFETIME": str(lifetime)}
            answers = {"JOBS_TABLE": self.table.table_name, **lives, **_cors(api)}
            attempts = {"MAX_ATTEMPTS": str(max_receive_count)}
            queue = {"JOBS_QUEUE": self.worker.queue.queue_url, "API_PATH": path}
            self.accept = self._function("Accept", _ACCEPTING, answers | queue, removal_policy)
            self.status = self._function("Status", _TELLING, answers | attempts, removal_policy)
            self._add_routes(api, path, options)
        except Exception:
            scope.node.try_remove_child(construct_id)
            raise
        job.serves = path
        self._equip_job({"JOBS_TABLE": self.table.table_name, **lives, **attempts})

    def _function(
        self,
        construct_id: str,
        budget: TimeoutBudget,
        environment: Mapping[str, str],
        removal_policy: RemovalPolicy,
    ) -> HardenedFunction:
        return HardenedFunction(
            self,
            construct_id,
            code=HANDLERS,
            handler=f"async_jobs.{construct_id.lower()}.handler",
            budget=budget,
            environment=environment,
            runtime_features=RuntimeFeatures(),
            removal_policy=removal_policy,
        )

    def _add_routes(self, api: HardenedRestApi, path: str, options: RouteOptions) -> None:
        required = [*options.get("required_headers", ()), _KEY]
        post: RouteOptions = {**options, "required_headers": required}
        get: RouteOptions = {}
        for name in ("authorizer", "scopes", "api_key_required"):
            if name in options:
                get[name] = options[name]
        status_path = f"{path.rstrip('/')}/{{job_id}}"
        # Both before either is made: an API keeps the routes that it was given.
        api.check_route("POST", path, self.accept, **post)
        api.check_route("GET", status_path, self.status, **get)
        api.post(path, self.accept, **post)
        api.get(status_path, self.status, **get)
        self.table.grant(self.status.alias, "dynamodb:GetItem")
        self.table.grant(self.accept.alias, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
        self.worker.grant_send(self.accept.alias)

    def _equip_job(self, environment: dict[str, str]) -> None:
        failures = self.worker.dead_letter_queue
        assert failures is not None
        queues = {
            "JOBS_QUEUE": self.worker.queue.queue_url,
            "JOBS_DEAD_LETTER_QUEUE": failures.queue_url,
            "JOB_VISIBILITY": str(self.job.budget.visibility),
        }
        for name, value in (environment | queues).items():
            self.job.add_environment(name, value)
        self.table.grant(self.job.alias, "dynamodb:GetItem", "dynamodb:UpdateItem")
        failures.grant(self.job.alias, "sqs:SendMessage")


def _check_job(subject: str, scope: Construct, job: object) -> None:
    if not isinstance(job, JobFunction):
        raise RefusedError(
            f"{subject}: job",
            got=type(job).__name__,
            allowed="a JobFunction, which writes down how each job ends",
            fix="JobFunction(self, ..., handler=..., budget=TimeoutBudget(gateway=None, ...))",
        )
    if Stack.of(job).node.addr != Stack.of(scope).node.addr:
        raise RefusedError(
            f"{subject}: job",
            got=f"{job.construct_id!r} of another stack",
            allowed="a JobFunction of the same stack: it knows the table and the queue, and the queue knows it",
            fix="make the function in the stack of the AsyncApi; the REST API may be in another one",
        )
    if job.serves is not None:
        raise RefusedError(
            f"{subject}: job",
            got=f"{job.construct_id!r}, which does the jobs of {job.serves} already",
            allowed="a JobFunction of its own: its records are in one table",
            fix="make a second JobFunction from the same code",
        )


def _check_options(subject: str, options: RouteOptions) -> None:
    for name in ("asynchronous", "stream", "cache"):
        if options.get(name):
            raise RefusedError(
                f"{subject}: {name}",
                got=f"{name} on routes that answer at once and tell later",
                allowed="neither asynchronous, nor stream, nor cache",
                fix=f"leave {name} out",
            )


def _check_preflight(subject: str, api: HardenedRestApi) -> None:
    """Refuse a preflight that keeps browsers from sending the token; CDK's default headers do."""
    if api.cors is None:
        return
    allowed = Cors.DEFAULT_HEADERS if api.cors.allow_headers is None else api.cors.allow_headers
    if not {"*", _KEY.lower()} & {name.lower() for name in allowed}:
        raise RefusedError(
            f"{subject}: api",
            got=f"cors that lets browsers send no {_KEY}",
            allowed=f"allow_headers with {_KEY}",
            fix=f'CorsOptions(..., allow_headers=[*Cors.DEFAULT_HEADERS, "{_KEY}"])',
        )


def _whole(subject: str, value: Seconds, least: int, most: int) -> int:
    found = whole_seconds(subject, value, least, most)
    assert found is not None
    return found // SECOND


def _make_table(scope: Construct, removal_policy: RemovalPolicy) -> dynamodb.Table:
    return dynamodb.Table(
        scope,
        "Records",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.AWS_MANAGED,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        time_to_live_attribute="expires",
        removal_policy=removal_policy,
    )


def _cors(api: HardenedRestApi) -> dict[str, str]:
    if api.cors is None:
        return {}
    cors = {"origins": list(api.cors.allow_origins), "credentials": bool(api.cors.allow_credentials)}
    return {"CORS": json.dumps(cors, separators=(",", ":"))}
