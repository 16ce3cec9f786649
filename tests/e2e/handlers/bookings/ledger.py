"""The effect that must be there once, and the log of the attempts at it: two tables, each under way and number."""

from __future__ import annotations

import os
from typing import Any

import boto3

_TABLES: Any = boto3.client("dynamodb")  # in the init phase, which no deadline counts


def attempt(way: str, number: int, request: str) -> None:
    """Note that an attempt begins, whatever becomes of it, and which process makes it."""
    item = {
        **_key(way, f"{number:04}#{request}"),
        "number": {"N": str(number)},
        "pid": {"N": str(os.getpid())},
    }
    _TABLES.put_item(TableName=os.environ["ATTEMPTS"], Item=item)


def book(way: str, number: int, request: str) -> None:
    """Book a number's amount: its entry, if there is none yet, and the way's balance, in one transaction.

    The balance is what would tell if an amount were booked twice. A booking that was there already is noted.
    """
    table = os.environ["LEDGER"]
    entry = {
        "TableName": table,
        "Item": _key(way, f"{number:04}"),
        "ConditionExpression": "attribute_not_exists(way)",
    }
    balance = {
        "TableName": table,
        "Key": _key("balance", way),
        "UpdateExpression": "ADD amount :amount",
        "ExpressionAttributeValues": {":amount": {"N": str(number)}},
    }
    try:
        _TABLES.transact_write_items(TransactItems=[{"Put": entry}, {"Update": balance}])
    except _TABLES.exceptions.TransactionCanceledException as error:
        if error.response["CancellationReasons"][0]["Code"] != "ConditionalCheckFailed":
            raise
        _TABLES.put_item(
            TableName=os.environ["ATTEMPTS"], Item=_key(f"{way} repeated", f"{number:04}#{request}")
        )


def tried_before(way: str, number: int, request: str) -> bool:
    """Tell whether another invocation has tried this number."""
    found = _TABLES.query(
        TableName=os.environ["ATTEMPTS"],
        ConsistentRead=True,
        KeyConditionExpression="way = :way AND begins_with(entry, :number)",
        ExpressionAttributeValues={":way": {"S": way}, ":number": {"S": f"{number:04}#"}},
    )
    return any(not item["entry"]["S"].endswith(request) for item in found["Items"])


def hold(way: str, number: int) -> None:
    """Say which process is to be killed for this number."""
    item = {**_key("held", f"{way}#{number:04}"), "pid": {"N": str(os.getpid())}}
    _TABLES.put_item(TableName=os.environ["ATTEMPTS"], Item=item)


def release(way: str, number: int) -> None:
    """Take that back."""
    _TABLES.delete_item(TableName=os.environ["ATTEMPTS"], Key=_key("held", f"{way}#{number:04}"))


def killed(way: str, number: int) -> bool:
    """Tell whether a process was killed for this number."""
    key = _key("killed", f"{way}#{number:04}")
    return "Item" in _TABLES.get_item(TableName=os.environ["ATTEMPTS"], Key=key, ConsistentRead=True)


def _key(way: str, entry: str) -> dict[str, Any]:
    return {"way": {"S": way}, "entry": {"S": entry}}
