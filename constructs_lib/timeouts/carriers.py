"""Where a budget travels: the names under which constructs write it, and the policy and the handlers read it."""

from __future__ import annotations

METADATA_KEY = "constructs-lib"
"""Key of a resource's Metadata; holds ``{"budget": {...}, "init_evidence": "declared"}``, in seconds."""

BUDGET_VARIABLE = "TIMEOUT_BUDGET"
"""Environment variable of a function; holds the budget as compact JSON, in seconds."""
