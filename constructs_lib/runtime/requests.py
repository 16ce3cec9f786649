"""A request of an API, which somebody waits for, and its answer when the deadline has passed."""

from __future__ import annotations

import json

from constructs_lib.runtime.invocation import Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from constructs_lib.errors import DeadlineExceeded

# A repeated request of these methods does what the first one did (RFC 9110, 9.2.2), so its caller may be told to try again.
_IDEMPOTENT = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}


class RequestWork(Work):
    """A request, which somebody waits for."""

    __slots__ = ("headers", "retry_after")

    def __init__(
        self,
        function: Callable[..., Any],
        event: Any,
        context: Any,
        retry_after: int,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(function, event, context)
        self.retry_after, self.headers = retry_after, headers

    def late(self, error: DeadlineExceeded) -> tuple[str, Any]:  # noqa: ARG002 - the caller is not told what ran
        """Answer 503 where the request may be sent again, else 504."""
        headers = {"Content-Type": "application/json", **self.headers}
        if not self.begun or _method(self.event) in _IDEMPOTENT:
            headers["Retry-After"] = str(self.retry_after)
            status, message = 503, "The request took too long and was ended; it may be sent again"
        else:
            status = 504
            message = "The request took too long and was ended; it may have been carried out in part"
        body = {"message": message, "requestId": getattr(self.context, "aws_request_id", None)}
        reply = {"statusCode": status, "headers": headers, "body": json.dumps(body)}
        return f"answered {status}", reply


def _method(event: Any) -> str | None:
    """Find the method in a request of a REST API or ALB (httpMethod), or of an HTTP API or function URL."""
    if not isinstance(event, dict):
        return None
    http = (event.get("requestContext") or {}).get("http") or {}
    return event.get("httpMethod") or http.get("method")
