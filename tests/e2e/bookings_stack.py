"""The system under test: one table of bookings, to which a queue, an asynchronous API and a workflow lead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_apigateway import ThrottleSettings

from constructs_lib import (
    Access,
    AsyncApi,
    ChunkedWorkflow,
    HardenedFunction,
    HardenedRestApi,
    JobFunction,
    QueueWorker,
    RuntimeFeatures,
    TaskRetries,
    TimeoutBudget,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

HANDLERS = Path(__file__).with_name("handlers")
GONE = cdk.RemovalPolicy.DESTROY
BATCH = 25  # items in a batch of the workflow


class BookingsStack(cdk.Stack):
    """Three ways to one table; each has the shortest waits that its construct allows, so that retries come soon.

    The outputs are all that the test knows of it.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.ledger, self.attempts = self._table("LedgerTable"), self._table("AttemptsTable")
        self._environment = {"LEDGER": self.ledger.table_name, "ATTEMPTS": self.attempts.table_name}
        self.worker, function = self._queue()
        self.api, self.jobs = self._jobs()
        self.workflow = self._workflow()
        failures = self.jobs.worker.dead_letter_queue, self.worker.dead_letter_queue
        assert failures[0] is not None
        assert failures[1] is not None
        outputs = {
            "Ledger": self.ledger.table_name,
            "Attempts": self.attempts.table_name,
            "Queue": self.worker.queue.queue_url,
            "QueueFailures": failures[1].queue_url,
            "QueueLogs": function.log_group.log_group_name,
            "Url": self.api.url,
            "Accept": self.jobs.accept.unqualified_function.function_name,
            "Records": self.jobs.table.table_name,
            "Jobs": self.jobs.worker.queue.queue_url,
            "JobsFailures": failures[0].queue_url,
            "Machine": self.workflow.state_machine.state_machine_arn,
            "WorkflowFailures": self.workflow.failure_queue.queue_url,
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)

    def _table(self, construct_id: str) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            construct_id,
            partition_key=dynamodb.Attribute(name="way", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="entry", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            removal_policy=GONE,
        )

    def _function(
        self,
        construct_id: str,
        handler: str,
        budget: TimeoutBudget,
        kind: type[HardenedFunction] = HardenedFunction,
    ) -> Any:
        function = kind(
            self,
            construct_id,
            code=HANDLERS,
            handler=f"bookings.{handler}",
            budget=budget,
            environment=self._environment,
            runtime_features=None if kind is JobFunction else RuntimeFeatures(),  # a job's layer has it
            removal_policy=GONE,
        )
        self.ledger.grant_read_write_data(function.alias)
        self.attempts.grant_read_write_data(function.alias)
        return function

    def _queue(self) -> tuple[QueueWorker, HardenedFunction]:
        budget = TimeoutBudget(gateway=None, init=0.5, work=1, function=2)
        function = self._function("Messages", "messages.handler", budget)
        # Small batches and an attempt to spare, for those that are given back because another one hung or was killed.
        worker = QueueWorker(
            self,
            "Worker",
            function=function,
            batch_size=5,
            maximum_concurrency=4,
            max_receive_count=6,
            removal_policy=GONE,
        )
        return worker, function

    def _jobs(self) -> tuple[HardenedRestApi, AsyncApi]:
        api = HardenedRestApi(
            self,
            "Api",
            authorizer=Access.PUBLIC,
            throttle=ThrottleSettings(rate_limit=1_000, burst_limit=1_000),
            removal_policy=GONE,
        )
        budget = TimeoutBudget(gateway=None, init=0.5, work=1)
        job = self._function("Job", "jobs.make", budget, JobFunction)
        jobs = AsyncApi(
            self,
            "AsyncBookings",
            api=api,
            path="/bookings",
            job=job,
            maximum_concurrency=3,
            removal_policy=GONE,
        )
        # As soon as a claim has run out, instead of six times the timeout: messages come back all the earlier.
        queue, visibility = jobs.worker.queue.node.default_child, job.budget.in_progress + 1
        assert isinstance(queue, sqs.CfnQueue)
        queue.visibility_timeout = visibility
        job.add_environment("JOB_VISIBILITY", str(visibility))
        return api, jobs

    def _workflow(self) -> ChunkedWorkflow:
        budget = TimeoutBudget(gateway=None, init=0.5, work=7)
        tasks: Mapping[str, HardenedFunction] = {
            name: self._function(name.title().replace("_", ""), f"batches.{name}", budget)
            for name in ("list_items", "work_on", "finalize")
        }
        return ChunkedWorkflow(
            self,
            "Nightly",
            list_items=tasks["list_items"],
            worker=tasks["work_on"],
            finalize=tasks["finalize"],
            batch_size=BATCH,
            max_concurrency=2,
            retries=TaskRetries(died=5, interval=1, longest=2),
            timeout=3600,
            removal_policy=GONE,
        )
