"""Work that no single invocation finishes: :class:`ChunkedWorkflow`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from constructs_lib.compute.dead_letters import alarm_on_messages, dead_letter_queue
from constructs_lib.limits import STANDARD_MAX
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.seconds import Seconds, whole_seconds
from constructs_lib.timeouts.workflow import longest_path
from constructs_lib.workflow import conflicts
from constructs_lib.workflow.batch import batch_workflow, rounds_within_history
from constructs_lib.workflow.machine import make_logs, make_machine, make_role
from constructs_lib.workflow.retries import TaskRetries
from constructs_lib.workflow.run import DAYS_KEPT, MAP, run_workflow

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction

_A_DAY = 86_400


class ChunkedWorkflow(Construct):
    """A Step Functions state machine for work longer than a function may run: list, work in batches, finalize.

    ::

        list -> manifest of items (S3) -> distributed map: one execution for each batch -> finalize
                                            worker, checkpoint, worker, checkpoint ... done
                                            failed for good: failure queue, and the other batches go on

    **Runs and resuming.** A run is named by ``run`` in the execution's input, or else by the execution's name. Its progress
    is in a table: what was listed, which batches are done, and the last checkpoint of each that is not. Starting the state
    machine with a ``run`` that was stopped, or that left batches failed, goes on with what is not done; one that is done
    ends at once; one that another execution is working on is refused (``ChunkedWorkflow.AlreadyRunning``). Manifest and
    progress are kept for 90 days.

    **What handlers get and answer**, as JSON:

    * ``list_items``: ``{"run", "input", "manifest": {"bucket", "key"}}``. It writes its items to the manifest, one JSON
      document a line (JSON Lines), and its answer is ignored. A run lists once.
    * ``worker``: ``{"run", "batch", "items", "input", "checkpoint"}``; ``checkpoint`` is None at first. An answer
      ``{"checkpoint": ...}`` that is not None says "not done yet": it is saved, and the worker gets the same batch again
      with it. Any other answer, up to 256 KB, says "done" and is kept in the batch's record.
    * ``finalize``: ``{"run", "input", "batches": {"total", "succeeded", "failed"}, "progress": {"table"}}``. It may query
      the table for the answers, under the partition key ``run``. It runs again when a resumed run ends.

    **Nothing twice.** A batch that is done is not worked on again, and a batch is in one execution at a time. A worker that
    is killed gets its batch again from the last checkpoint that was saved; what it had done since, it sees twice, so each
    item's effect has to be safe to repeat: ``run`` and the item make the key for that.

    **Failures.** Errors of Lambda itself, throttling, and workers that died are retried with back-off and full jitter; an
    error that the handler raises is not. What fails for good goes to ``failure_queue`` with its items and its error, and
    ``failure_alarm`` rings.

    Tasks wait longer than a cold invocation can take (H7), and the whole longer than all attempts of one batch. There is no
    heartbeat, which a synchronous invocation cannot send. Only aliases are invoked. Logs carry no data that passes through.

    To go on with a run, start it again; the role has no right to redrive a map, because a redriven execution goes on
    without asking who has the run by now.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        list_items: lists the items.
        worker: works on one batch.
        finalize: runs once all batches have ended; None needs no end.
        batch_size: items in a batch. A run keeps the size it began with.
        max_concurrency: batches at once, up to 10,000 (limits.MAP_CONCURRENCY_MAX); by default what the worker reserves,
            or 100.
        tolerated_failure_percentage: how many of the batches may fail before those that have not started are given up
            and the execution fails, without ``finalize``. 100 lets all others go on whatever fails.
        retries: of all three functions.
        execution_type: of the batches' executions. EXPRESS costs less, ends after 300 s (limits.EXPRESS_MAX) and leaves a
            batch that is not done after one invocation to the next execution of the run.
        timeout: when the whole execution is stopped, as a Duration or in seconds, up to a year (limits.STANDARD_MAX).
        log_level: which events are logged.
        log_retention: how long they are kept.
        removal_policy: what becomes of logs, progress, manifests and failed batches when the stack goes.

    Attributes:
        state_machine: the L2 state machine; ``state_machine.grant_start_execution(...)`` lets others start it.
        definition: what it does, in the Amazon States Language.
        role: its role.
        log_group: its log group.
        progress: the table of runs and batches.
        bucket: manifests and results.
        failure_queue: the batches that failed for good.
        failure_alarm: rings while there are any; it has no action yet.

    Raises:
        TimeoutHierarchyError: batches that an express execution, or a whole that ``timeout``, would stop in the middle.
        RefusedError: a function that is no HardenedFunction, more batches at once than the worker reserves, numbers out of
            range. Nothing has been added to ``scope`` then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import ChunkedWorkflow, HardenedFunction, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> def function(name: str, work: float) -> HardenedFunction:
        ...     return HardenedFunction(
        ...         stack,
        ...         name,
        ...         code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...         handler="index.handler",
        ...         budget=TimeoutBudget(gateway=None, init=2, work=work),
        ...     )
        >>> nightly = ChunkedWorkflow(
        ...     stack, "Nightly", list_items=function("List", 60), worker=function("Work", 300), batch_size=50
        ... )
        >>> nightly.definition["States"]["Batches"]["MaxConcurrency"]
        100
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        list_items: HardenedFunction,
        worker: HardenedFunction,
        finalize: HardenedFunction | None = None,
        batch_size: int = 10,
        max_concurrency: int | None = None,
        tolerated_failure_percentage: float = 100,
        retries: TaskRetries | None = None,
        execution_type: sfn.StateMachineType = sfn.StateMachineType.STANDARD,
        timeout: Seconds = _A_DAY,
        log_level: sfn.LogLevel = sfn.LogLevel.ALL,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        me = f"ChunkedWorkflow {construct_id!r}"
        tasks = {"list_items": list_items, "worker": worker}
        for name, function in (tasks | ({} if finalize is None else {"finalize": finalize})).items():
            conflicts.refuse_unfit_task(me, scope, name, function)
        conflicts.refuse_odd_batches(me, batch_size, tolerated_failure_percentage)
        conflicts.refuse_odd_kind(me, execution_type)
        at_once = conflicts.concurrency(me, max_concurrency, worker)
        conflicts.refuse_odd_retries(me, retries)
        tries = retries or TaskRetries()
        express = execution_type is sfn.StateMachineType.EXPRESS
        batch = batch_workflow(worker.budget, tries, 1 if express else rounds_within_history(tries))
        conflicts.refuse_long_express(me, execution_type, longest_path(batch))
        seconds = whole_seconds(f"{me}: timeout", timeout, 1, int(STANDARD_MAX))
        assert seconds is not None
        self.definition = run_workflow(
            lister=list_items.budget,
            worker=worker.budget,
            finalizer=None if finalize is None else finalize.budget,
            batch=batch,
            execution_type=execution_type.value,
            batch_size=batch_size,
            max_concurrency=at_once,
            tolerated_failure_percentage=tolerated_failure_percentage,
            retries=tries,
            timeout=seconds // SECOND,
        )
        conflicts.refuse_short_timeout(me, seconds // SECOND, longest_path(self.definition))

        super().__init__(scope, construct_id)
        functions = {"Lister": list_items, "Worker": worker}
        if finalize is not None:
            functions["Finalizer"] = finalize
        self.progress = self._make_table(removal_policy)
        self.bucket = self._make_bucket(removal_policy)
        self.failure_queue = dead_letter_queue(self, "FailureQueue", removal_policy=removal_policy)
        self.failure_alarm = alarm_on_messages(
            self,
            self.failure_queue,
            f"{construct_id}: batches failed for good, and wait in the failure queue",
            construct_id="FailureAlarm",
        )
        self.log_group = make_logs(self, log_retention, removal_policy)
        self.role = self._make_role(functions)
        self.state_machine = make_machine(
            self,
            self.definition,
            {
                **{name: function.alias.function_arn for name, function in functions.items()},
                "Bucket": self.bucket.bucket_name,
                "Failures": self.failure_queue.queue_url,
                "Progress": self.progress.table_name,
            },
            kind=sfn.StateMachineType.STANDARD,
            role=self.role,
            log_group=self.log_group,
            log_level=log_level,
        )
        self._grant_own_executions()
        self.bucket.grant_put(list_items.alias, "*/items.jsonl")
        if finalize is not None:
            self.progress.grant(finalize.alias, "dynamodb:Query")

    def _make_table(self, removal_policy: RemovalPolicy) -> dynamodb.Table:
        """Make the table of runs and batches, each record of which expires by itself."""
        return dynamodb.Table(
            self,
            "Progress",
            partition_key=dynamodb.Attribute(name="run", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="batch", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            time_to_live_attribute="expires",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=removal_policy,
        )

    def _make_bucket(self, removal_policy: RemovalPolicy) -> s3.Bucket:
        return s3.Bucket(
            self,
            "Items",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(DAYS_KEPT),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=removal_policy,
        )

    def _make_role(self, functions: dict[str, HardenedFunction]) -> iam.Role:
        role = make_role(self, list(functions.values()))
        self.progress.grant(role, "dynamodb:GetItem", "dynamodb:UpdateItem")
        self.failure_queue.grant(role, "sqs:SendMessage")
        objects = [self.bucket.arn_for_objects("*/items.jsonl"), self.bucket.arn_for_objects("*/results/*")]
        multipart = ["s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
        role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=objects))
        role.add_to_policy(iam.PolicyStatement(actions=multipart, resources=objects[1:]))
        return role

    def _grant_own_executions(self) -> None:
        """Let the map start and stop executions of this state machine, and the run ask after them.

        A policy of its own: in the role's, it and the state machine would wait for each other.
        """
        machine = self.state_machine
        name = machine.state_machine_name
        executions = self._arn("execution", f"{name}:*")
        children = self._arn("execution", f"{name}/{MAP}:*")
        map_runs = self._arn("mapRun", f"{name}/{MAP}:*")
        policy = iam.Policy(self, "OwnExecutions")
        for actions, resources in (
            (["states:StartExecution"], [machine.state_machine_arn]),
            (["states:DescribeExecution", "states:StopExecution"], [executions, children]),
            (["states:DescribeMapRun"], [map_runs]),
        ):
            policy.add_statements(iam.PolicyStatement(actions=actions, resources=resources))
        policy.attach_to_role(self.role)

    def _arn(self, resource: str, name: str) -> str:
        return Stack.of(self).format_arn(
            service="states",
            resource=resource,
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
