"""Reports that take longer than a customer waits: POST /reports, and later GET /reports/{job_id}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from constructs import Construct

from constructs_lib import AsyncApi, Call, JobFunction, TimeoutBudget
from stacks import requests
from stacks.functions import HANDLERS

if TYPE_CHECKING:
    from constructs_lib import HardenedRestApi
    from stacks.orders_table import OrdersTable
    from stacks.stage import Stage

# A minute for all pages of a customer's orders, each of which gets two attempts.
REPORTING = TimeoutBudget(
    gateway=None, init=2, work=60, calls=[Call("orders-table", connect=0.5, read=2, attempts=2)]
)


class Reports(Construct):
    """An asynchronous API: 202 at once, a worker that adds up all orders of the caller, and a status with the result.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        api: what gets the routes.
        table: the orders.
        stage: what differs between stages.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: HardenedRestApi,
        table: OrdersTable,
        stage: Stage,
    ) -> None:
        super().__init__(scope, construct_id)
        self.report_orders = JobFunction(
            self,
            "ReportOrders",
            code=HANDLERS,
            handler="orders.report_orders.make",
            budget=REPORTING,
            environment={"ORDERS_TABLE": table.table_name},
            removal_policy=stage.removal_policy,
        )
        table.grant(self.report_orders.alias, "dynamodb:Query")
        self.api = AsyncApi(
            self,
            "Api",
            api=api,
            path="/reports",
            job=self.report_orders,
            body=requests.REPORT,
            throttle=stage.throttle_of_reports,
            result_lifetime=Duration.days(7),
            maximum_concurrency=5,
            removal_policy=stage.removal_policy,
        )
