"""Lists the orders that were fulfilled so long ago that the nightly workflow closes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from constructs_lib.runtime import downstream, step_handler, waits

from . import order_table

_CALL = "manifest"
_client = boto3.client("s3", config=waits(_CALL).botocore_config())


@step_handler
def handler(event: dict[str, Any], _context: object) -> None:
    """Write the keys of all orders that were fulfilled before so many days into the run's manifest."""
    until = datetime.now(UTC) - timedelta(days=event["input"]["days"])
    lines = [json.dumps(key) for key in order_table.to_close(until.isoformat(timespec="seconds"))]
    with downstream(_CALL):
        _client.put_object(
            Bucket=event["manifest"]["bucket"], Key=event["manifest"]["key"], Body="\n".join(lines).encode()
        )
