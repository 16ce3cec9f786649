"""What runs in Lambda makes its clients when it is imported, as it should there; no test is among it."""

from __future__ import annotations

collect_ignore = ["handlers"]
