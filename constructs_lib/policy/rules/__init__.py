"""Stage 5, judge: one file per rule. ``ALL`` is the only registry."""

from __future__ import annotations

from constructs_lib.policy.rules.a601_cache_leaks_between_callers import CacheLeaksBetweenCallers
from constructs_lib.policy.rules.a602_cache_on_unsafe_method import CacheOnUnsafeMethod
from constructs_lib.policy.rules.a603_cache_without_cluster import CacheWithoutCluster
from constructs_lib.policy.rules.a604_cache_key_not_declared import CacheKeyNotDeclared
from constructs_lib.policy.rules.a605_cache_key_incomplete import CacheKeyIncomplete
from constructs_lib.policy.rules.a606_cache_unencrypted import CacheUnencrypted
from constructs_lib.policy.rules.a607_cache_open_invalidation import CacheOpenInvalidation
from constructs_lib.policy.rules.a608_stale_deployment import StaleDeployment
from constructs_lib.policy.rules.a609_account_role_at_risk import AccountRoleAtRisk
from constructs_lib.policy.rules.a610_errors_without_cors import ErrorsWithoutCors
from constructs_lib.policy.rules.c501_warm_capacity_bypassed import WarmCapacityBypassed
from constructs_lib.policy.rules.c502_warm_over_reserve import WarmOverReserve
from constructs_lib.policy.rules.c503_account_overcommitted import AccountOvercommitted
from constructs_lib.policy.rules.c504_throttle_over_concurrency import ThrottleOverConcurrency
from constructs_lib.policy.rules.c505_provisioned_on_latest import ProvisionedOnLatest
from constructs_lib.policy.rules.c506_schedule_to_zero import ScheduleToZero
from constructs_lib.policy.rules.c507_warmer_misses import WarmerMisses
from constructs_lib.policy.rules.c508_throttle_without_effect import ThrottleWithoutEffect
from constructs_lib.policy.rules.c509_durable_unqualified import DurableUnqualified
from constructs_lib.policy.rules.c510_connections_over_pool import ConnectionsOverPool
from constructs_lib.policy.rules.d701_async_event_lost import AsyncEventLost
from constructs_lib.policy.rules.d702_useless_dlq import UselessDlq
from constructs_lib.policy.rules.d703_encrypted_dlq_unwritable import EncryptedDlqUnwritable
from constructs_lib.policy.rules.d704_target_without_dlq import TargetWithoutDlq
from constructs_lib.policy.rules.d705_subscription_without_dlq import SubscriptionWithoutDlq
from constructs_lib.policy.rules.d706_silent_dlq import SilentDlq
from constructs_lib.policy.rules.d707_dlq_kind_mismatch import DlqKindMismatch
from constructs_lib.policy.rules.d708_undelivered_event_lost import UndeliveredEventLost
from constructs_lib.policy.rules.i201_doom_loop import DoomLoop
from constructs_lib.policy.rules.i202_no_room_after_reinit import NoRoomAfterReinit
from constructs_lib.policy.rules.i203_init_over_limit import InitOverLimit
from constructs_lib.policy.rules.i204_extension_without_timeout import ExtensionWithoutTimeout
from constructs_lib.policy.rules.i205_extension_wrong_build import ExtensionWrongBuild
from constructs_lib.policy.rules.i206_snapstart_unused import SnapstartUnused
from constructs_lib.policy.rules.i207_snapstart_conflict import SnapstartConflict
from constructs_lib.policy.rules.k901_package_over_limit import PackageOverLimit
from constructs_lib.policy.rules.k902_image_would_start_faster import ImageWouldStartFaster
from constructs_lib.policy.rules.k903_layer_architecture import LayerArchitecture
from constructs_lib.policy.rules.k904_alias_keeps_old_timeout import AliasKeepsOldTimeout
from constructs_lib.policy.rules.q301_visibility_shorter_than_function import VisibilityShorterThanFunction
from constructs_lib.policy.rules.q302_visibility_under_six_times import VisibilityUnderSixTimes
from constructs_lib.policy.rules.q303_too_few_receives import TooFewReceives
from constructs_lib.policy.rules.q304_source_queue_without_dlq import SourceQueueWithoutDlq
from constructs_lib.policy.rules.q305_dlq_forgets_first import DlqForgetsFirst
from constructs_lib.policy.rules.q306_batch_window_mismatch import BatchWindowMismatch
from constructs_lib.policy.rules.q307_whole_batch_retried import WholeBatchRetried
from constructs_lib.policy.rules.q308_poison_record_blocks_shard import PoisonRecordBlocksShard
from constructs_lib.policy.rules.q309_mapping_outruns_reserve import MappingOutrunsReserve
from constructs_lib.policy.rules.s801_plaintext_secret import PlaintextSecret
from constructs_lib.policy.rules.s802_resolved_secret_in_environment import ResolvedSecretInEnvironment
from constructs_lib.policy.rules.s803_environment_over_limit import EnvironmentOverLimit
from constructs_lib.policy.rules.s804_unscoped_invoke_permission import UnscopedInvokePermission
from constructs_lib.policy.rules.s805_private_function_cut_off import PrivateFunctionCutOff
from constructs_lib.policy.rules.s806_open_endpoint import OpenEndpoint
from constructs_lib.policy.rules.t101_gateway_gives_up_first import GatewayGivesUpFirst
from constructs_lib.policy.rules.t102_cold_start_outlasts_gateway import ColdStartOutlastsGateway
from constructs_lib.policy.rules.t103_gateway_wait_over_limit import GatewayWaitOverLimit
from constructs_lib.policy.rules.t104_authorizer_too_slow import AuthorizerTooSlow
from constructs_lib.policy.rules.t105_trigger_limit import TriggerLimit
from constructs_lib.policy.rules.t106_nested_invoke import NestedInvoke
from constructs_lib.policy.rules.t107_custom_resource_gives_up_first import CustomResourceGivesUpFirst
from constructs_lib.policy.rules.t108_cdn_gives_up_first import CdnGivesUpFirst
from constructs_lib.policy.rules.t109_default_function_timeout import DefaultFunctionTimeout
from constructs_lib.policy.rules.t110_client_outlasts_function import ClientOutlastsFunction
from constructs_lib.policy.rules.t111_load_balancer_client import LoadBalancerClient
from constructs_lib.policy.rules.t112_schedule_overlaps_itself import ScheduleOverlapsItself
from constructs_lib.policy.rules.v001_expired_waiver import ExpiredWaiver
from constructs_lib.policy.rules.v002_refused_waiver import RefusedWaiver
from constructs_lib.policy.rules.v003_unused_waiver import UnusedWaiver
from constructs_lib.policy.rules.w401_task_without_timeout import TaskWithoutTimeout
from constructs_lib.policy.rules.w402_task_gives_up_first import TaskGivesUpFirst
from constructs_lib.policy.rules.w403_heartbeat_after_timeout import HeartbeatAfterTimeout
from constructs_lib.policy.rules.w404_transient_errors_not_retried import TransientErrorsNotRetried
from constructs_lib.policy.rules.w405_express_too_long import ExpressTooLong
from constructs_lib.policy.rules.w406_workflow_gives_up_first import WorkflowGivesUpFirst

ALL = (
    GatewayGivesUpFirst(),
    ColdStartOutlastsGateway(),
    GatewayWaitOverLimit(),
    AuthorizerTooSlow(),
    TriggerLimit(),
    NestedInvoke(),
    CustomResourceGivesUpFirst(),
    CdnGivesUpFirst(),
    DefaultFunctionTimeout(),
    ClientOutlastsFunction(),
    LoadBalancerClient(),
    ScheduleOverlapsItself(),
    DoomLoop(),
    NoRoomAfterReinit(),
    InitOverLimit(),
    ExtensionWithoutTimeout(),
    ExtensionWrongBuild(),
    SnapstartUnused(),
    SnapstartConflict(),
    VisibilityShorterThanFunction(),
    VisibilityUnderSixTimes(),
    TooFewReceives(),
    SourceQueueWithoutDlq(),
    DlqForgetsFirst(),
    BatchWindowMismatch(),
    WholeBatchRetried(),
    PoisonRecordBlocksShard(),
    MappingOutrunsReserve(),
    TaskWithoutTimeout(),
    TaskGivesUpFirst(),
    HeartbeatAfterTimeout(),
    TransientErrorsNotRetried(),
    ExpressTooLong(),
    WorkflowGivesUpFirst(),
    WarmCapacityBypassed(),
    WarmOverReserve(),
    AccountOvercommitted(),
    ThrottleOverConcurrency(),
    ProvisionedOnLatest(),
    ScheduleToZero(),
    WarmerMisses(),
    ThrottleWithoutEffect(),
    DurableUnqualified(),
    ConnectionsOverPool(),
    CacheLeaksBetweenCallers(),
    CacheOnUnsafeMethod(),
    CacheWithoutCluster(),
    CacheKeyNotDeclared(),
    CacheKeyIncomplete(),
    CacheUnencrypted(),
    CacheOpenInvalidation(),
    StaleDeployment(),
    AccountRoleAtRisk(),
    ErrorsWithoutCors(),
    AsyncEventLost(),
    UselessDlq(),
    EncryptedDlqUnwritable(),
    TargetWithoutDlq(),
    SubscriptionWithoutDlq(),
    SilentDlq(),
    DlqKindMismatch(),
    UndeliveredEventLost(),
    PlaintextSecret(),
    ResolvedSecretInEnvironment(),
    EnvironmentOverLimit(),
    UnscopedInvokePermission(),
    PrivateFunctionCutOff(),
    OpenEndpoint(),
    PackageOverLimit(),
    ImageWouldStartFaster(),
    LayerArchitecture(),
    AliasKeepsOldTimeout(),
    ExpiredWaiver(),
    RefusedWaiver(),
    UnusedWaiver(),
)
"""Every rule, in the order of the catalogue."""
