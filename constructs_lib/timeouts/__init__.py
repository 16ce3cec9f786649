"""The arithmetic: from how long a caller may wait to every other number, and the proof that they fit together.

``inequalities``  H1 to H9 as plain functions of plain numbers; constructs set numbers with them, rules check with them
``budget``        :class:`TimeoutBudget` and :class:`Call`: what is given, what is derived
``refusal``       the layout of a budget, and the smallest changes that would mend a broken one

Pure: standard library only, no CDK. All durations are in seconds.
"""

from __future__ import annotations

from constructs_lib.errors import TimeoutHierarchyError
from constructs_lib.timeouts.budget import Call, TimeoutBudget

__all__ = ["Call", "TimeoutBudget", "TimeoutHierarchyError"]
