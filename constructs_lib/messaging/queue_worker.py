""":class:`QueueWorker`: a queue whose messages a function works off, and which loses none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from aws_cdk import Names, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from constructs_lib.compute.arguments import check_whole
from constructs_lib.compute.dead_letters import (
    alarm_on_age,
    alarm_on_messages,
    dead_letter_queue,
    encryption,
    refuse_ungrantable_key,
    seconds,
)
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    SQS_BATCH_DEFAULT,
    SQS_RECEIVES_COUNTED_IN_AGE,
    SQS_RECEIVES_MAX,
    SQS_RECEIVES_MIN,
    SQS_RETENTION_DEFAULT,
    SQS_RETENTION_MAX,
)
from constructs_lib.messaging.batches import check_queue_batch, check_window
from constructs_lib.messaging.concurrency import check_concurrency, claim
from constructs_lib.messaging.given_queue import check_given
from constructs_lib.messaging.readers import check_reader, check_unread, note_read
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.seconds import Seconds, whole_seconds

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction

# What comes before a queue's name in its ARN, by the scope that it is made in: each is two round trips to CDK.
_arn_prefixes: WeakKeyDictionary[Construct, str] = WeakKeyDictionary()

_NAME_MAX = 75  # botocore:sqs CreateQueue.QueueName takes 80; ".fifo" is five of them


class QueueWorker(Construct):
    """A queue, and the function that works its messages off, in batches.

    * A message is hidden for ``function.budget.visibility``: six times the function's timeout and the batching window
      (H6), so that it is not handed out again while it is worked on or while Lambda retries a throttled batch.
    * A message that fails ``max_receive_count`` times ends in the dead-letter queue, which keeps it for 14 days and takes
      messages from this queue alone. The queue keeps messages long enough to be tried that often.
    * Failed messages of a batch are tried again, not the whole batch: the handler returns
      ``{"batchItemFailures": [{"itemIdentifier": message_id}, ...]}``; None or an empty list says that all went well, an
      exception that none did. On a FIFO queue, report the first that failed and all after it.
    * Both queues are encrypted and take TLS only. Alarms ring for a message in the dead-letter queue, and for one that is
      older than failures alone can make it: three visibility timeouts, after which SQS leaves a failing message out of
      the metric (limits.SQS_RECEIVES_COUNTED_IN_AGE), or on a FIFO queue all receives. What is older has waited.
    * The mapping reads for the alias, and at most ``maximum_concurrency`` batches run at once, never more than the
      function has reserved: a throttled batch would count as a failure of its messages.

    A message given back because another of its batch took all the time has been received once more, like one that failed.
    Where single messages may hang, keep batches small, or ``max_receive_count`` well above the number of slow neighbours.

    SQS delivers at least once: make the handler idempotent, by message id or better by a key of the business.
    ``budget.work`` is the work of a whole batch. Lambda hands over at most 6 MB at once, whatever the batch size.

    ``batch_size`` and ``maximum_concurrency`` may be tokens; Lambda then checks them at deploy time, and the policy on the
    template. The queue has a name of its own, made of stack and path, so that its dead-letter queue can name it without a
    cycle: a kept queue of a deleted stack has to go before the stack can come back.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        function: what works the messages off; its budget (``gateway=None``, as nobody waits) gives the visibility and the
            batching window (``TimeoutBudget(batch_window=...)``). It must not have ``async_failure``, which no message of
            a queue ever reaches.
        queue: an existing queue to read instead of an own one. What it says is proven: visibility, dead-letter queue,
            receives, retention. Of an imported queue nothing is known: whoever made it answers for all of these, and it has no
            alarm on its dead-letter queue here.
        fifo: makes the queue, and its dead-letter queue, first-in-first-out, with content-based deduplication.
        batch_size: messages handed over at once: 1 to 10, or to 10,000 with a batching window (limits.SQS_BATCH_MAX).
        maximum_concurrency: batches at once, 2 to 1,000 (limits.SQS_CONCURRENCY_MAX); needed where the function has
            reserved concurrency.
        pollers: pollers kept ready and paid for (provisioned mode), 2 to 200 at least and up to 2,000 at most, each of
            which starts up to 10 batches at once; excludes ``maximum_concurrency``.
        max_receive_count: tries before a message goes to the dead-letter queue, 5 (the default) to 1,000.
        retention: seconds, or a Duration, for which the queue keeps messages: 4 days by default, under 14 days.
        encryption_key: a customer key for both queues; the function's role may decrypt with it, and whoever is granted
            sending may encrypt. None encrypts with a key that SQS manages.
        removal_policy: what becomes of the queues and their messages when the stack goes.

    Attributes:
        queue: the queue that is read.
        dead_letter_queue: where failed messages end; None for an imported queue.
        mapping: the L2 event source mapping.
        dead_letter_alarm: rings for a message in the dead-letter queue; None for an imported queue. Give it an action:
            ``worker.dead_letter_alarm.add_alarm_action(...)``.
        age_alarm: rings when messages wait: more comes than is worked off.

    Raises:
        RefusedError: numbers out of range, or that contradict each other or the function; nothing has been made then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import Call, HardenedFunction, QueueWorker, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> ship = HardenedFunction(
        ...     stack,
        ...     "Ship",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=None, init=2, calls=[Call("carrier", read=5)]),
        ... )
        >>> worker = QueueWorker(stack, "Shipments", function=ship, maximum_concurrency=20)
        >>> ship.budget.function, ship.budget.visibility
        (16, 96)
        >>> sender = cdk.aws_iam.Role(stack, "Shop", assumed_by=cdk.aws_iam.AccountRootPrincipal())
        >>> worker.grant_send(sender).success
        True
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: HardenedFunction,
        queue: sqs.IQueue | None = None,
        fifo: bool = False,
        batch_size: float = int(SQS_BATCH_DEFAULT),
        maximum_concurrency: float | None = None,
        pollers: lambda_.ProvisionedPollerConfig | None = None,
        max_receive_count: int | None = None,
        retention: Seconds | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        me = f"QueueWorker {construct_id!r}"
        check_reader(me, scope, function, "queue")
        budget = function.budget
        window = check_window(me, budget)
        failures: sqs.IQueue | None = None
        visibility, receives = budget.visibility, _receives(me, max_receive_count)
        if queue is not None:
            own = {"max_receive_count": max_receive_count, "retention": retention}
            _refuse_settings(me, {**own, "encryption_key": encryption_key, "fifo": fifo or None})
            given = check_given(me, queue, budget, Stack.of(scope))
            check_unread(me, function, queue.queue_arn, "queue")
            failures, visibility, receives = given.dead_letter_queue, given.visibility, given.receives
            fifo = bool(queue.fifo)
        check_queue_batch(me, batch_size, window, fifo=fifo)
        check_concurrency(me, function, maximum_concurrency, pollers)
        kept = 0 if queue is not None else _retention(me, retention, receives, visibility)
        refuse_ungrantable_key(me, encryption_key)

        super().__init__(scope, construct_id)
        if queue is None:
            made = dead_letter_queue(
                self, fifo=fifo, encryption_key=encryption_key, removal_policy=removal_policy
            )
            failures = made
            queue = self._make_queue(
                made,
                prefix=_arn_prefix(scope),
                receives=receives,
                kept=kept,
                visibility=visibility,
                fifo=fifo,
                key=encryption_key,
                removal_policy=removal_policy,
            )
        self.queue: sqs.IQueue = queue
        self.dead_letter_queue = failures
        self.queue.grant_consume_messages(function.alias)
        arn = self.queue.queue_arn
        self.mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=function.alias,
            event_source_arn=arn,
            batch_size=batch_size,
            max_batching_window=seconds(window) if window else None,
            max_concurrency=maximum_concurrency,
            provisioned_poller_config=pollers,
            report_batch_item_failures=True,
        )
        claim(function, maximum_concurrency, pollers)
        note_read(function, arn, me)
        self.dead_letter_alarm = (
            None
            if failures is None
            else alarm_on_messages(
                self,
                failures,
                f"{construct_id}: messages failed for good, and wait in the dead-letter queue",
            )
        )
        tries = receives if fifo else min(int(SQS_RECEIVES_COUNTED_IN_AGE), receives)
        self.age_alarm = self._alarm_on_age(construct_id, tries * visibility)

    def grant_send(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody send messages, and encrypt them where the queue has a customer key."""
        sent = self.queue.grant(grantee, "sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes")
        key = self.queue.encryption_master_key
        return sent if key is None else sent.combine(key.grant(grantee, "kms:GenerateDataKey", "kms:Decrypt"))

    def _make_queue(
        self,
        failures: sqs.Queue,
        *,
        prefix: str,
        receives: int,
        kept: int,
        visibility: int,
        fifo: bool,
        key: kms.IKey | None,
        removal_policy: RemovalPolicy,
    ) -> sqs.Queue:
        name = Names.unique_resource_name(self, max_length=_NAME_MAX, separator="-") + ".fifo" * fifo
        allowed = failures.node.default_child
        assert isinstance(allowed, sqs.CfnQueue)
        allowed.redrive_allow_policy = {
            "redrivePermission": "byQueue",
            "sourceQueueArns": [prefix + name],
        }
        return sqs.Queue(
            self,
            "Queue",
            queue_name=name,
            fifo=fifo or None,
            content_based_deduplication=fifo or None,
            **encryption(key),
            enforce_ssl=True,
            visibility_timeout=seconds(visibility),
            retention_period=seconds(kept),
            dead_letter_queue=sqs.DeadLetterQueue(queue=failures, max_receive_count=receives),
            removal_policy=removal_policy,
        )

    def _alarm_on_age(self, name: str, threshold: float) -> cloudwatch.Alarm:
        metric = self.queue.metric_approximate_age_of_oldest_message(period=seconds(60))
        what = f"{name}: a message is older than {threshold:g} s, which failures alone do not make it: messages wait"
        return alarm_on_age(self, metric, threshold, what)


def _arn_prefix(scope: Construct) -> str:
    if scope not in _arn_prefixes:
        _arn_prefixes[scope] = Stack.of(scope).format_arn(service="sqs", resource="")
    return _arn_prefixes[scope]


def _receives(subject: str, count: int | None) -> int:
    least = int(SQS_RECEIVES_MIN)
    if count is None:
        return least
    name, why = f"{subject}: max_receive_count", ", known at synth time: the retention is proven with it"
    check_whole(name, count, least, int(SQS_RECEIVES_MAX), fix=f"max_receive_count={least}", why=why)
    return int(count)


def _retention(subject: str, retention: Seconds | None, receives: int, visibility: int) -> int:
    """Give the retention in seconds, proven to outlast all tries and to end before the dead-letter queue's."""
    given = whole_seconds(
        f"{subject}: retention",
        SQS_RETENTION_DEFAULT if retention is None else retention,
        60,
        int(SQS_RETENTION_MAX),
    )
    assert given is not None
    kept, tries = given // SECOND, receives * visibility
    if kept >= SQS_RETENTION_MAX:
        raise RefusedError(
            f"{subject}: retention",
            got="14 days, as long as the dead-letter queue's",
            allowed="less: a message keeps the time at which it was first sent, and would be forgotten there at once",
            fix="retention=Duration.days(13)",
        )
    if kept <= tries:
        raise RefusedError(
            f"{subject}: retention",
            got=f"{kept} s",
            allowed=f"> {tries} s = {receives} receives x {visibility} s visibility, or a message that fails expires before it "
            "reaches the dead-letter queue",
            fix=f"retention={tries + 1}, or a shorter function timeout",
        )
    return kept


def _refuse_settings(subject: str, settings: dict[str, object]) -> None:
    for name, value in settings.items():
        if value is not None:
            raise RefusedError(
                f"{subject}: {name}",
                got=f"{name} together with queue",
                allowed="one of the two: a given queue brings its own",
                fix=f"set it where the queue is made, and leave {name} out",
            )
