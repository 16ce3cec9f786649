"""Which function, and which qualifier, a text designates: every way in which services write it."""

from __future__ import annotations

import re

from constructs_lib.policy.values.text import split, token, why_unknown

_INVOCATION_URI = re.compile(
    r":lambda:path/[^/]*/functions/(.*)/(?:response-streaming-)?invocations", re.DOTALL
)
_LONGEST = 10_000  # characters; AWS ends ARNs at 2,048, to which the reasons inside tokens add


def designation(text: str) -> tuple[str | None, str | None, str | None]:
    """Take a function's name and qualifier out of a name or ARN: (name, qualifier, reason why there is none).

    Something that is known not to be a function has no name and no reason.
    """
    if not text or len(text) > _LONGEST:
        return None, None, f"a text of {len(text):,} characters stands where an ARN belongs" if text else None
    match = _INVOCATION_URI.search(text)
    text = match[1] if match else text
    before, is_arn, after = text.partition(":function:")
    if not is_arn:
        pieces, reason = split(":", text)
        if pieces[:1] == ["arn"]:
            return None, None, reason if len(pieces) < 3 else None  # noqa: PLR2004 - arn:partition:service
        if len(split("/", text)[0]) > 1 or (not pieces and text[1:2] == "&" and ".Custom" not in text):
            return None, None, None
        after = text
    elif ":lambda:" not in before and before.startswith("arn:"):
        return None, None, why_unknown(before) if "\ue000?" in before else None
    pieces, reason = split(":", after)
    if not pieces:
        return None, None, reason
    qualifier = pieces[1] if len(pieces) > 1 else token("?", reason) if reason else None
    return pieces[0], qualifier, None
