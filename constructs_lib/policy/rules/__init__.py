"""Stage 5, judge: one file per rule. ``ALL`` is the only registry."""

from __future__ import annotations

from constructs_lib.policy.rules.c501_warm_capacity_bypassed import WarmCapacityBypassed
from constructs_lib.policy.rules.c502_warm_over_reserve import WarmOverReserve
from constructs_lib.policy.rules.d701_async_event_lost import AsyncEventLost
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
from constructs_lib.policy.rules.t101_gateway_gives_up_first import GatewayGivesUpFirst
from constructs_lib.policy.rules.t102_cold_start_outlasts_gateway import ColdStartOutlastsGateway
from constructs_lib.policy.rules.t109_default_function_timeout import DefaultFunctionTimeout
from constructs_lib.policy.rules.v001_expired_waiver import ExpiredWaiver
from constructs_lib.policy.rules.v002_refused_waiver import RefusedWaiver
from constructs_lib.policy.rules.v003_unused_waiver import UnusedWaiver
from constructs_lib.policy.rules.w401_task_without_timeout import TaskWithoutTimeout
from constructs_lib.policy.rules.w402_task_gives_up_first import TaskGivesUpFirst

ALL = (
    GatewayGivesUpFirst(),
    ColdStartOutlastsGateway(),
    DefaultFunctionTimeout(),
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
    WarmCapacityBypassed(),
    WarmOverReserve(),
    AsyncEventLost(),
    PlaintextSecret(),
    ExpiredWaiver(),
    RefusedWaiver(),
    UnusedWaiver(),
)
"""Every rule, in the order of the catalogue."""
