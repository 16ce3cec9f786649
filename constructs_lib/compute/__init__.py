"""Compute: a Lambda function that cannot be wired wrong.

``function``      :class:`HardenedFunction`: role, logs, function, version, and the alias that everything invokes
``provisioned``   warm capacity on the alias, fixed, tracked or scheduled
``async_failure``  :class:`AsyncFailure`: where a failed asynchronous event ends
``dead_letters``  the queues where failed work ends, and the alarms on them
``parameters``    configuration and secrets through AWS's extension: layer, environment, grants
``runtime_features``  what the handler uses of the runtime library: tables, grants, environment, the library in the code
``runtime_bundle``    the library beside the handler, as one asset
``warmer``        :class:`WarmSchedule`: environments warmed all at once, again and again
``schedule_group`` what EventBridge Scheduler starts, and the role that it uses for nothing else
``environment``   the variables, the construct's own and the user's
``packaging``     from a directory to a code asset
``role``          the execution role
``arguments``     what constructs are given: of the right kind, in range, in a place from where it can be used
``conflicts``     what one function cannot be at once
``tokens``        what is known now, and what only at deploy time
"""

from __future__ import annotations

from constructs_lib.compute.async_failure import AsyncFailure
from constructs_lib.compute.function import HardenedFunction
from constructs_lib.compute.parameters import ParametersExtension
from constructs_lib.compute.provisioned import CapacitySchedule, ProvisionedConcurrency
from constructs_lib.compute.runtime_features import RuntimeFeatures

__all__ = [
    "AsyncFailure",
    "CapacitySchedule",
    "HardenedFunction",
    "ParametersExtension",
    "ProvisionedConcurrency",
    "RuntimeFeatures",
]
