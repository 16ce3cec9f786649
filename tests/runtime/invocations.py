"""What the tests of handlers invoke them with."""

from __future__ import annotations

import time
from typing import Any

FOR_EVER = 20  # seconds; no test waits for it unless a guard fails


class Context:
    """Lambda's context, as far as the library looks at it."""

    aws_request_id = "8f5d2ab4"

    def __init__(self, seconds: float = 3.0) -> None:
        self._end = time.time() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Count down as Lambda's does."""
        return max(int((self._end - time.time()) * 1000), 0)


def sqs(*bodies: str, fifo: bool = False) -> dict[str, Any]:
    """Give a batch whose messages are called by their place in it."""
    arn = f"arn:aws:sqs:eu-west-1:123456789012:orders{'.fifo' * fifo}"
    return {
        "Records": [
            {"messageId": str(place), "body": body, "eventSource": "aws:sqs", "eventSourceARN": arn}
            for place, body in enumerate(bodies)
        ]
    }
