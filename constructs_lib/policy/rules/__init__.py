"""Stage 5, judge: one file per rule. This list is the only registry.

A rule is loaded when somebody wants it: all of them by ``ALL``, those that may find something in a system by
:func:`rules_about`. Loading takes longer than judging a small system.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs_lib.policy.rule import Rule

    ALL: tuple[Rule, ...]
    """Every rule, in the order of the catalogue."""

_FILES = (
    "t101_gateway_gives_up_first",
    "t102_cold_start_outlasts_gateway",
    "t103_gateway_wait_over_limit",
    "t104_authorizer_too_slow",
    "t105_trigger_limit",
    "t106_nested_invoke",
    "t107_custom_resource_gives_up_first",
    "t108_cdn_gives_up_first",
    "t109_default_function_timeout",
    "t110_client_outlasts_function",
    "t111_load_balancer_client",
    "t112_schedule_overlaps_itself",
    "i201_doom_loop",
    "i202_no_room_after_reinit",
    "i203_init_over_limit",
    "i204_extension_without_timeout",
    "i205_extension_wrong_build",
    "i206_snapstart_unused",
    "i207_snapstart_conflict",
    "q301_visibility_shorter_than_function",
    "q302_visibility_under_six_times",
    "q303_too_few_receives",
    "q304_source_queue_without_dlq",
    "q305_dlq_forgets_first",
    "q306_batch_window_mismatch",
    "q307_whole_batch_retried",
    "q308_poison_record_blocks_shard",
    "q309_mapping_outruns_reserve",
    "w401_task_without_timeout",
    "w402_task_gives_up_first",
    "w403_heartbeat_after_timeout",
    "w404_transient_errors_not_retried",
    "w405_express_too_long",
    "w406_workflow_gives_up_first",
    "c501_warm_capacity_bypassed",
    "c502_warm_over_reserve",
    "c503_account_overcommitted",
    "c504_throttle_over_concurrency",
    "c505_provisioned_on_latest",
    "c506_schedule_to_zero",
    "c507_warmer_misses",
    "c508_throttle_without_effect",
    "c509_durable_unqualified",
    "c510_connections_over_pool",
    "a601_cache_leaks_between_callers",
    "a602_cache_on_unsafe_method",
    "a603_cache_without_cluster",
    "a604_cache_key_not_declared",
    "a605_cache_key_incomplete",
    "a606_cache_unencrypted",
    "a607_cache_open_invalidation",
    "a608_stale_deployment",
    "a609_account_role_at_risk",
    "a610_errors_without_cors",
    "d701_async_event_lost",
    "d702_useless_dlq",
    "d703_encrypted_dlq_unwritable",
    "d704_target_without_dlq",
    "d705_subscription_without_dlq",
    "d706_silent_dlq",
    "d707_dlq_kind_mismatch",
    "d708_undelivered_event_lost",
    "s801_plaintext_secret",
    "s802_resolved_secret_in_environment",
    "s803_environment_over_limit",
    "s804_unscoped_invoke_permission",
    "s805_private_function_cut_off",
    "s806_open_endpoint",
    "k901_package_over_limit",
    "k902_image_would_start_faster",
    "k903_layer_architecture",
    "k904_alias_keeps_old_timeout",
    "v001_expired_waiver",
    "v002_refused_waiver",
    "v003_unused_waiver",
)
"""The files of the rules, in the order of the catalogue; each holds the class that its name says."""

_ABOUT = {
    "a": ("AWS::ApiGateway::",),
    "q": ("AWS::Lambda::EventSourceMapping", "AWS::SQS::Queue"),
}
"""Families, by the first letter of their ids, that have nothing to say without a resource of one of these types."""
_WAIVERS = "v"


def rules_about(types: Iterable[str], *, waivers: bool) -> list[Rule]:
    """List the rules that may find something where these resource types occur, and waivers if there are any."""
    listed = list(types)
    left_out = {
        family for family, about in _ABOUT.items() if not any(each.startswith(about) for each in listed)
    }
    if not waivers:
        left_out.add(_WAIVERS)
    return [_rule(file) for file in _FILES if file[0] not in left_out]


def __getattr__(name: str) -> tuple[Rule, ...]:
    if name == "ALL":
        return tuple(map(_rule, _FILES))
    raise AttributeError(f"module {__name__} has no attribute {name}")


@cache
def _rule(file: str) -> Rule:
    """Load a rule: ``t101_gateway_gives_up_first`` holds ``GatewayGivesUpFirst``."""
    name = "".join(map(str.title, file.split("_")[1:]))
    rule: Rule = getattr(import_module(f"{__name__}.{file}"), name)()
    return rule
