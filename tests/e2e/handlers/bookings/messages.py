"""Works off the queue's messages."""

from __future__ import annotations

import json
from typing import Any

from constructs_lib.runtime import queue_handler

from . import work


@queue_handler(reserve=work.TO_ANSWER)
def handler(record: dict[str, Any], context: Any) -> None:
    """Book what a message says."""
    work.book("queue", json.loads(record["body"]), context)
