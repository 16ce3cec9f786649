"""A Lambda function that cannot be wired wrong: :class:`HardenedFunction`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aws_cdk import Annotations, CfnResource, Duration, RemovalPolicy, Size
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from constructs_lib.compute import conflicts
from constructs_lib.compute.async_failure import AsyncFailure, own_queue
from constructs_lib.compute.dead_letters import alarm_on_messages
from constructs_lib.compute.environment import Environment
from constructs_lib.compute.parameters import (
    ParametersExtension,
    grant_reads,
    layer_arn,
    with_extension_call,
)
from constructs_lib.compute.provisioned import ProvisionedConcurrency, scale
from constructs_lib.compute.role import make_role
from constructs_lib.compute.runtime_features import code_with
from constructs_lib.limits import LAMBDA_MEMORY_PER_VCPU
from constructs_lib.timeouts.carriers import BUDGET_VARIABLE, METADATA_KEY

if TYPE_CHECKING:
    from constructs_lib.compute.runtime_features import RuntimeFeatures
    from constructs_lib.timeouts.budget import TimeoutBudget

# Without it a layer's new content reaches $LATEST but no version, and so no alias.
_RECOGNIZE_LAYER_VERSION = "@aws-cdk/aws-lambda:recognizeLayerVersion"
_seconds = cache(Duration.seconds)  # each made once: it is a round trip to another process


class HardenedFunction(Construct):
    """A Lambda function whose timeouts are proven, and whose only handle is an alias.

    Give :attr:`alias` to everything that invokes: APIs, schedules, rules, mappings, grants. It always points at a
    version of exactly the code and configuration in the template: any change, of the timeout or the environment too,
    publishes a new version and moves the alias. Warm capacity, asynchronous failure handling and SnapStart sit on the
    same alias, so no caller can miss them.

    What comes with it: an own role with rights on its own log group and X-Ray alone, JSON logs, active tracing, the
    function timeout of the budget, and the budget itself in the environment (``TIMEOUT_BUDGET``, compact JSON) and in
    the resource's Metadata.

    Tokens (values known only at deploy time) are accepted in ``environment`` values, ``memory_size``,
    ``reserved_concurrent_executions`` and ``description``. Lambda then checks at deploy time what is otherwise checked
    here: that the environment stays within 4 KB, the memory in its range, and the reserve at least as large as the
    provisioned concurrency. A new *value* of a token publishes no version, because the template stays the same.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        code: a directory, which becomes an asset without its bytecode caches, or any ``lambda_.Code``.
        handler: ``module.function`` within the code.
        budget: the waits around and inside the function; ``budget.function`` becomes its timeout.
        runtime: Python 3.14 by default: the newest whose support AWS has dated (until 2029-06-30, as that of 3.13;
            lambda-dg/lambda-runtimes).
        architecture: arm64 by default, the cheaper per GB-second.
        memory_size: MB, 128 to 10,240. 1,769 by default, which is one whole vCPU (limits.LAMBDA_MEMORY_PER_VCPU):
            below it init runs on a part of a core and takes longer than it was measured to, above it a
            single-threaded handler gains nothing. Lower it where the handler mostly waits.
        environment: variables beside those that the construct sets. No secrets: anyone who may read the function's
            configuration reads them.
        description: what the function is for.
        reserved_concurrent_executions: the function's share of the account's concurrency, as guarantee and limit.
        provisioned: environments kept warm on the alias.
        snap_start: restore environments from a snapshot of the initialised version; excludes ``provisioned``.
        async_failure: declares that the function is invoked asynchronously, and where failed events end.
        parameters: Parameter Store parameters that the handler reads through the extension; a SecureString under a
            customer key must know it (``encryption_key`` of ``from_secure_string_parameter_attributes``).
        secrets: secrets that the handler reads through the extension.
        runtime_features: what the handler uses of ``constructs_lib.runtime``, which then comes with the code; None bundles
            nothing.
        extension: how the extension is attached. None attaches it as it comes when a parameter or secret is named,
            and not at all otherwise.
        layers: up to five layers, the extension's included. CDK sorts them by construct path.
        ephemeral_storage_size: size of /tmp, 512 to 10,240 MB; None is 512.
        vpc: a VPC to run in; the role then may manage network interfaces.
        vpc_subnets: the subnets of the VPC; None takes its private ones.
        security_groups: None makes one.
        log_retention: how long logs are kept.
        removal_policy: what becomes of the logs and the dead-letter queue when the stack goes or drops them. By
            default they stay, because they tell why, and logs expire by themselves; a failed first deployment
            leaves nothing behind.
        alias_name: the alias's name.

    Attributes:
        construct_id: the id within the parent.
        alias: the handle for everything that invokes, and for grants to the function's role.
        version: the version that the alias points at. Versions before it are deleted as soon as nothing uses them.
        unqualified_function: the L2 function, for properties that this construct does not offer. Not for callers: what
            invokes it bypasses the alias, its warm capacity and its failure path, and the policy reports that.
        budget: the budget as proven for this function: with its init type, and with the extension's fetch as a call.
        role: the execution role.
        log_group: the function's own log group.
        reserved_concurrent_executions: the function's share of the account's concurrency, if it has one.
        async_failure: where failed asynchronous events end; None declares that nothing invokes it asynchronously.
        dead_letter_queue: the queue of failed asynchronous events, if the construct made one.
        dead_letter_alarm: rings while an event is in it, if it is there; give it an action:
            ``function.dead_letter_alarm.add_alarm_action(...)``.
        scaling: the alias's autoscaling, if it has any.
        extension_layer: the layer of the Parameters and Secrets extension, if it is attached.
        runtime_tables: the tables of the runtime features, by the variable that names each.

    Raises:
        TimeoutHierarchyError: the budget does not hold for this function: init over the limit of its init type, or no
            time left for the extension's fetch.
        RefusedError: properties that exclude each other, a value out of range, a region whose extension layer is not
            known, a code directory that does not exist. Nothing has been added to ``scope`` then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import Call, HardenedFunction, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> orders = HardenedFunction(
        ...     stack,
        ...     "Orders",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=10, init=2, calls=[Call("orders-table")]),
        ... )
        >>> orders.budget.function, orders.alias.alias_name
        (7, 'live')
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code | str | Path,
        handler: str,
        budget: TimeoutBudget,
        runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_14,
        architecture: lambda_.Architecture = lambda_.Architecture.ARM_64,
        memory_size: float = int(LAMBDA_MEMORY_PER_VCPU),
        environment: Mapping[str, str] | None = None,
        description: str | None = None,
        reserved_concurrent_executions: float | None = None,
        provisioned: ProvisionedConcurrency | None = None,
        snap_start: bool = False,
        async_failure: AsyncFailure | None = None,
        parameters: Sequence[ssm.IParameter] = (),
        secrets: Sequence[secretsmanager.ISecret] = (),
        extension: ParametersExtension | None = None,
        runtime_features: RuntimeFeatures | None = None,
        layers: Sequence[lambda_.ILayerVersion] = (),
        ephemeral_storage_size: Size | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        alias_name: str = "live",
    ) -> None:
        # Everything that can be refused is refused before the tree is touched.
        me = f"HardenedFunction {construct_id!r}"
        if extension is None and (parameters or secrets):
            extension = ParametersExtension()
        conflicts.refuse_conflicts(
            me,
            memory_size=memory_size,
            layers=len(layers) + (extension is not None),
            reserved=reserved_concurrent_executions,
            capacity=provisioned,
            snap_start=snap_start,
            runtime=runtime,
            ephemeral_storage_size=ephemeral_storage_size,
        )
        conflicts.refuse_bad_alias(me, alias_name)
        conflicts.refuse_network_without_vpc(
            me, vpc, vpc_subnets=vpc_subnets, security_groups=security_groups
        )
        budget = conflicts.proven(
            me, budget, provisioned, snap_start=snap_start, reserved=reserved_concurrent_executions
        )
        own: dict[str, str] = {}
        if extension is not None:
            budget = with_extension_call(budget)
            own = extension.variables(budget, len(parameters) + len(secrets))
        if runtime_features is not None:
            budget = runtime_features.with_calls(budget)
            own |= runtime_features.variables()
        self.budget = budget
        self._environment = Environment(me, {BUDGET_VARIABLE: budget.to_json(), **own})
        self._environment.add(environment or {})
        asset = code_with(me, code, handler, layers, runtime_features)
        extension_arn = None if extension is None else layer_arn(me, scope, architecture, extension)

        super().__init__(scope, construct_id)
        self.construct_id = construct_id
        self.reserved_concurrent_executions = reserved_concurrent_executions
        if layers:
            self.node.set_context(_RECOGNIZE_LAYER_VERSION, value=True)
        self.log_group = logs.LogGroup(self, "Logs", retention=log_retention, removal_policy=removal_policy)
        self.role = make_role(self, self.log_group, in_vpc=vpc is not None)
        grant_reads(self.role, parameters, secrets)
        self.runtime_tables: dict[str, dynamodb.ITable] = {}
        if runtime_features is not None:
            self.runtime_tables = runtime_features.make_tables(self, self.role, removal_policy)
        self._environment.variables |= {name: t.table_name for name, t in self.runtime_tables.items()}
        self.async_failure = async_failure
        self.dead_letter_queue: sqs.Queue | None = None
        self.dead_letter_alarm: cloudwatch.Alarm | None = None
        if async_failure is not None and async_failure.destination is None:
            self.dead_letter_queue = own_queue(self, self.role, async_failure, removal_policy)
            what = f"{construct_id}: events failed for good, and wait in the dead-letter queue"
            self.dead_letter_alarm = alarm_on_messages(self, self.dead_letter_queue, what)
        self.extension_layer: lambda_.ILayerVersion | None = None
        if extension_arn is not None:
            self.extension_layer = lambda_.LayerVersion.from_layer_version_arn(
                self, "Extension", extension_arn
            )
        self.unqualified_function = lambda_.Function(
            self,
            "Function",
            code=asset,
            handler=handler,
            timeout=_seconds(budget.function),
            runtime=runtime,
            architecture=architecture,
            memory_size=memory_size,
            environment=self._environment.variables,
            description=description,
            reserved_concurrent_executions=reserved_concurrent_executions,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
            dead_letter_queue=self.dead_letter_queue,
            # None rather than an empty list, which CDK refuses for container images.
            layers=[*layers, *([self.extension_layer] if self.extension_layer else [])] or None,
            ephemeral_storage_size=ephemeral_storage_size,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=security_groups,
            role=self.role,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
        )
        self._write_metadata(snap_start=snap_start)
        self.version = self.unqualified_function.current_version
        self.alias = self._make_alias(alias_name, provisioned, async_failure)
        self.scaling = None if provisioned is None else scale(self.alias, provisioned)

    @property
    def event_invoke_config(self) -> lambda_.EventInvokeConfig | None:
        """Retries, event age and destination of asynchronous invocations, which sit on the alias."""
        return cast("lambda_.EventInvokeConfig | None", self.alias.node.try_find_child("EventInvokeConfig"))

    def add_environment(self, name: str, value: str) -> None:
        """Add a variable to the function's environment, as ``environment`` does at construction.

        Args:
            name: the variable's name.
            value: its value, which may be a token.

        Raises:
            RefusedError: a name that the construct sets itself, or more than 4 KB of what is known.
        """
        self._environment.add({name: value})
        self.unqualified_function.add_environment(name, value)

    def _write_metadata(self, *, snap_start: bool) -> None:
        """Let the budget and the kind of its evidence travel in the template."""
        resource = cast("CfnResource", self.unqualified_function.node.default_child)
        resource.add_metadata(METADATA_KEY, {"budget": self.budget.to_dict(), "init_evidence": "declared"})
        if snap_start:
            Annotations.of(self.unqualified_function).acknowledge_warning(
                "@aws-cdk/aws-lambda:snapStartRequirePublish", "every change publishes a version"
            )

    def _make_alias(
        self, name: str, capacity: ProvisionedConcurrency | None, failure: AsyncFailure | None
    ) -> lambda_.Alias:
        return lambda_.Alias(
            self,
            "Alias",
            alias_name=name,
            version=self.version,
            provisioned_concurrent_executions=None if capacity is None else capacity.minimum,
            retry_attempts=None if failure is None else failure.retries,
            max_event_age=None if failure is None else Duration.seconds(failure.max_event_age_seconds),
            on_failure=None if failure is None else failure.destination,
        )
