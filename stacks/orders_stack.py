"""The reference stack: an orders system whose timeouts fit together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from aws_cdk.aws_apigateway import MethodLoggingLevel

from constructs_lib import (
    AsyncFailure,
    Call,
    HardenedFunction,
    HardenedRestApi,
    TimeoutBudget,
    TokenAuthorizer,
)
from stacks import requests
from stacks.closing import Closing
from stacks.fulfilment import Fulfilment
from stacks.functions import orders_function
from stacks.orders_table import OrdersTable
from stacks.reports import Reports

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.stage import Stage

# API Gateway asks the authorizer before it waits for the function. It loads no SDK and reads one secret: a second to
# start, and three for the rest.
DECIDING = TimeoutBudget(gateway=5, init=1)

# A customer waits ten seconds at most. Loading the SDK may take two of them, which leaves seven for the function: for a
# second init after a crash, the settings, and two attempts at the table, whose read timeout follows from all this.
ANSWERING = TimeoutBudget(gateway=10, init=2, calls=[Call("orders-table", connect=0.5, attempts=2)])

# Nobody waits, so patience goes into attempts, and the function may run just as long as they can take.
NOTIFYING = TimeoutBudget(gateway=None, init=2, calls=[Call("orders-table", connect=0.5, read=2, attempts=3)])

# Short, because its functions are there to run into it; with an init that a laptop manages that is busy with other things.
FAILING = TimeoutBudget(gateway=8, init=3)

# A customer's name and its signature; anything else is refused before the authorizer is asked.
BEARER = "^Bearer [A-Za-z0-9-]+[.][0-9a-f]{64}$"


class OrdersStack(Stack):
    """Customers place orders and look them up; a bearer token says who they are.

    ::

        GET  /orders                           ReadOrders      where the stage has a cache, kept for each customer
        GET  /orders/{order_id}                ReadOrders
        POST /orders                           PlaceOrder      body checked by API Gateway; safe to send again
        POST /orders/{order_id}/notifications  NotifyCustomer  202 at once; a failed event ends in a dead-letter queue
        GET  /diagnostics/{behaviour}          Diagnostics     fails on purpose, in stages that want it
        GET  /unguarded/{behaviour}            Unguarded       the same without the runtime library

    Around the same table: :class:`Fulfilment` of new orders, :class:`Reports` (``POST /reports``), and :class:`Closing` of old
    orders every night. Events go over a bus of the stack's own.

    Settings come from a parameter, the key that signs tokens from a secret, both through the Parameters and Secrets
    extension. Each function may do with the table what its routes need, and no more.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, env: Environment | None = None
    ) -> None:
        super().__init__(scope, construct_id, env=env, termination_protection=stage.keep_data)
        self._stage = stage
        self.table = OrdersTable(self, "Orders", stage=stage)
        self._make_configuration()
        self._make_functions()
        self._make_api()
        self.bus = events.EventBus(self, "Events")
        self.fulfilment = Fulfilment(self, "Fulfilment", table=self.table, bus=self.bus, stage=stage)
        self.reports = Reports(self, "Reports", api=self.api, table=self.table, stage=stage)
        self.closing = Closing(self, "Closing", table=self.table, bus=self.bus, stage=stage)
        self._make_outputs()

    def _make_configuration(self) -> None:
        self.settings = ssm.StringParameter(
            self,
            "Settings",
            parameter_name=f"/orders/{self._stage.name}/settings",
            description="Orders on one page of a list, and the most of an article in one order",
            string_value=json.dumps({"page_size": 25, "largest_quantity": 1000}),
        )
        self.signing_key = secretsmanager.Secret(
            self,
            "SigningKey",
            description="Signs the tokens of the customers",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64),
            removal_policy=self._stage.removal_policy,
        )

    def _make_functions(self) -> None:
        table, warm = {"ORDERS_TABLE": self.table.table_name}, self._stage.provisioned
        self.authorize = self._function(
            "Authorize",
            "authorize",
            DECIDING,
            environment={"SIGNING_KEY_SECRET": self.signing_key.secret_arn},
            secrets=[self.signing_key],
            provisioned=warm,
        )
        answering = {
            "environment": {**table, "SETTINGS_PARAMETER": self.settings.parameter_name},
            "parameters": [self.settings],
            "provisioned": warm,
        }
        self.read_orders = self._function("ReadOrders", "read_orders", ANSWERING, **answering)
        self.place_order = self._function("PlaceOrder", "place_order", ANSWERING, **answering)
        self.notify_customer = self._function(
            "NotifyCustomer", "notify_customer", NOTIFYING, environment=table, async_failure=AsyncFailure()
        )
        self.table.grant(self.read_orders.alias, "dynamodb:GetItem", "dynamodb:Query")
        self.table.grant(self.place_order.alias, "dynamodb:PutItem")
        self.table.grant(self.notify_customer.alias, "dynamodb:UpdateItem")

    def _function(
        self, construct_id: str, module: str, budget: TimeoutBudget, **options: Any
    ) -> HardenedFunction:
        return orders_function(self, construct_id, module, budget, stage=self._stage, **options)

    def _make_api(self) -> None:
        # The authorizer's policy covers the whole API, so a decision may be kept for all of it.
        tokens = TokenAuthorizer(self.authorize, cache_ttl=Duration.minutes(5), validation_regex=BEARER)
        self.api = api = HardenedRestApi(
            self,
            "Api",
            authorizer=tokens,
            throttle=self._stage.throttle,
            stage_name=self._stage.name,
            account_role=self._stage.account_role,
            execution_logging=MethodLoggingLevel.ERROR,
            removal_policy=self._stage.removal_policy,
        )
        api.get("/orders", self.read_orders, query=["after"], cache=self._stage.cache)
        api.get("/orders/{order_id}", self.read_orders)
        api.post("/orders", self.place_order, body=requests.ORDER)
        notifications = "/orders/{order_id}/notifications"
        api.post(notifications, self.notify_customer, body=requests.NOTIFICATION, asynchronous=True)
        if self._stage.diagnostics:
            api.get("/diagnostics/{behaviour}", self._function("Diagnostics", "diagnostics", FAILING))
            api.get("/unguarded/{behaviour}", self._function("Unguarded", "unguarded", FAILING))

    def _make_outputs(self) -> None:
        workflow, worker = self.closing.workflow, self.fulfilment.worker
        assert self.notify_customer.dead_letter_queue is not None
        assert worker.dead_letter_queue is not None
        values = {
            "ApiUrl": self.api.url,
            "SigningKeySecret": self.signing_key.secret_arn,
            "OrdersTable": self.table.table_name,
            "EventBus": self.bus.event_bus_name,
            "FailedNotifications": self.notify_customer.dead_letter_queue.queue_url,
            "FulfilmentQueue": worker.queue.queue_url,
            "FailedFulfilments": worker.dead_letter_queue.queue_url,
            "ClosingWorkflow": workflow.state_machine.state_machine_arn,
            "FailedClosings": workflow.failure_queue.queue_url,
        }
        for name, value in values.items():
            CfnOutput(self, name, value=value)
