"""What travels between constructs, policy and handlers: the names that one side writes and the others read."""

from __future__ import annotations

METADATA_KEY = "constructs-lib"
"""Key of a resource's Metadata; holds ``{"budget": {...}, "init_evidence": "declared"}``, in seconds."""

BUDGET_VARIABLE = "TIMEOUT_BUDGET"
"""Environment variable of a function; holds the budget as compact JSON, in seconds."""

CACHE_URL_VARIABLE = "CACHE_URL"
"""Environment variable of a function; where its cache is, ``rediss://...``."""

IDEMPOTENCY_TABLE_VARIABLE, IDEMPOTENCY_CALL = "IDEMPOTENCY_TABLE", "idempotency-table"
"""Environment variable that names the table of idempotency records, and the budget's call for it: all that an invocation asks of it."""

CIRCUIT_BREAKER_TABLE_VARIABLE, CIRCUIT_BREAKER_CALL = "CIRCUIT_BREAKER_TABLE", "circuit-breaker-table"
"""The same for the table of circuits."""

WARM_UP_KEY = "constructs-lib:warm-up"
"""Key of a warm-up event, ``{WARM_UP_KEY: {"hold": 0.5}}``: whoever reads it stays busy for that many seconds, and does no work."""

WARM_UP_HOLD_MAX = 5.0
"""Seconds for which a handler holds at most: enough for the others to start meanwhile."""
