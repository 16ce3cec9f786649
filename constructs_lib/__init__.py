"""Hardened AWS CDK constructs, and a policy that proves a serverless system's timeouts fit together.

This is the one public door. It opens lazily (PEP 562): importing the package costs a few milliseconds and loads
neither jsii nor Node; a name's module is loaded when the name is first used.

Example:
    >>> from constructs_lib import Call, TimeoutBudget
    >>> TimeoutBudget(gateway=10, init=2, calls=[Call("orders-table", attempts=2)]).function
    7
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.api import (
        Access,
        ApiGatewayAccountRole,
        CachePolicy,
        CognitoAuthorizer,
        ConnectionTable,
        HardenedHttpApi,
        HardenedRestApi,
        HardenedWebSocketApi,
        JwtAuthorizer,
        RequestAuthorizer,
        TokenAuthorizer,
    )
    from constructs_lib.api.async_api import AsyncApi
    from constructs_lib.api.async_api_job import JobFunction
    from constructs_lib.compute import (
        AsyncFailure,
        CapacitySchedule,
        HardenedFunction,
        ParametersExtension,
        ProvisionedConcurrency,
        RuntimeFeatures,
    )
    from constructs_lib.compute.warmer import WarmSchedule
    from constructs_lib.errors import ConstructsLibError, RefusedError, SettingsError, TimeoutHierarchyError
    from constructs_lib.messaging.event_rule import EventRule
    from constructs_lib.messaging.queue_worker import QueueWorker
    from constructs_lib.messaging.schedule import FunctionSchedule
    from constructs_lib.messaging.stream_worker import StreamWorker
    from constructs_lib.messaging.topic_subscription import TopicSubscription
    from constructs_lib.policy.plugin import ConstructsLibPolicy
    from constructs_lib.policy.settings import Settings
    from constructs_lib.testing import assert_import_budget, assert_policy
    from constructs_lib.timeouts.budget import TimeoutBudget
    from constructs_lib.timeouts.call import Call
    from constructs_lib.workflow import ChunkedWorkflow, ExpressWorkflow, TaskRetries

_HOMES = {
    "Access": "api",
    "ApiGatewayAccountRole": "api",
    "AsyncApi": "api.async_api",
    "AsyncFailure": "compute",
    "CachePolicy": "api",
    "Call": "timeouts.call",
    "CapacitySchedule": "compute",
    "ChunkedWorkflow": "workflow",
    "CognitoAuthorizer": "api",
    "ConnectionTable": "api",
    "ConstructsLibError": "errors",
    "ConstructsLibPolicy": "policy.plugin",
    "EventRule": "messaging.event_rule",
    "ExpressWorkflow": "workflow",
    "FunctionSchedule": "messaging.schedule",
    "HardenedFunction": "compute",
    "HardenedHttpApi": "api",
    "HardenedRestApi": "api",
    "HardenedWebSocketApi": "api",
    "JobFunction": "api.async_api_job",
    "JwtAuthorizer": "api",
    "ParametersExtension": "compute",
    "ProvisionedConcurrency": "compute",
    "QueueWorker": "messaging.queue_worker",
    "RefusedError": "errors",
    "RequestAuthorizer": "api",
    "RuntimeFeatures": "compute",
    "Settings": "policy.settings",
    "SettingsError": "errors",
    "StreamWorker": "messaging.stream_worker",
    "TaskRetries": "workflow",
    "TimeoutBudget": "timeouts.budget",
    "TimeoutHierarchyError": "errors",
    "TokenAuthorizer": "api",
    "TopicSubscription": "messaging.topic_subscription",
    "WarmSchedule": "compute.warmer",
    "assert_import_budget": "testing",
    "assert_policy": "testing",
}

__all__ = [
    "Access",
    "ApiGatewayAccountRole",
    "AsyncApi",
    "AsyncFailure",
    "CachePolicy",
    "Call",
    "CapacitySchedule",
    "ChunkedWorkflow",
    "CognitoAuthorizer",
    "ConnectionTable",
    "ConstructsLibError",
    "ConstructsLibPolicy",
    "EventRule",
    "ExpressWorkflow",
    "FunctionSchedule",
    "HardenedFunction",
    "HardenedHttpApi",
    "HardenedRestApi",
    "HardenedWebSocketApi",
    "JobFunction",
    "JwtAuthorizer",
    "ParametersExtension",
    "ProvisionedConcurrency",
    "QueueWorker",
    "RefusedError",
    "RequestAuthorizer",
    "RuntimeFeatures",
    "Settings",
    "SettingsError",
    "StreamWorker",
    "TaskRetries",
    "TimeoutBudget",
    "TimeoutHierarchyError",
    "TokenAuthorizer",
    "TopicSubscription",
    "WarmSchedule",
    "assert_import_budget",
    "assert_policy",
]


def __getattr__(name: str) -> object:
    """Load the module that a public name lives in, once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - costs more than this whole module, and only a first use needs it

    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names too, before they have been loaded."""
    return sorted({*globals(), *__all__})
