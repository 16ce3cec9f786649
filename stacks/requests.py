"""The request bodies that the orders API takes, as JSON schemas (draft 4); API Gateway checks them."""

from __future__ import annotations

ORDER = {
    "type": "object",
    "required": ["order_id", "lines"],
    "additionalProperties": False,
    "properties": {
        # The customer's own number, so that a request can be sent again without ordering twice.
        "order_id": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$"},
        "lines": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {
                "type": "object",
                "required": ["article", "quantity"],
                "additionalProperties": False,
                "properties": {
                    "article": {"type": "string", "minLength": 1, "maxLength": 64},
                    "quantity": {"type": "integer", "minimum": 1},
                },
            },
        },
    },
}

NOTIFICATION = {
    "type": "object",
    "required": ["channel"],
    "additionalProperties": False,
    "properties": {"channel": {"enum": ["email", "text"]}},
}

REPORT = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        # Which articles; all of them if this is left out.
        "articles": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {"type": "string", "maxLength": 64},
        },
    },
}
