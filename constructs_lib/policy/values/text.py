"""Text whose unknown parts stay visible: tokens inside ordinary strings.

What a template joins, splits and substitutes is text of which some pieces are known only after deployment. Such a piece
stands in the string as a token between two private-use characters, so that joining, splitting and comparing are plain
string operations and an ARN keeps its shape: ``arn:%AWS::Partition:lambda:...:function:@0/Orders:live``.

====  ==============================================  ==========================================================
kind  body                                            stands for
====  ==============================================  ==========================================================
``@`` ``stack/LogicalId``                             the name of a resource; it holds no ``:``, ``/`` or ``,``
``&`` ``stack/LogicalId.Attribute``                   something else of a resource, of a shape not known here
``%`` ``AWS::Region`` ...                             a pseudo parameter
``$`` ``resolve:ssm:...``                             a dynamic reference
``?`` the reason                                      unknown for that reason
====  ==============================================  ==========================================================
"""

from __future__ import annotations

import re

OPEN, CLOSE = "\ue000", "\ue001"
TOKEN = re.compile(f"{OPEN}([^{CLOSE}])([^{CLOSE}]*){CLOSE}")
_PIECES = re.compile(f"({OPEN}[^{CLOSE}]*{CLOSE})")
_DYNAMIC = re.compile(r"\{\{(resolve:[^{}]*)\}\}")
_ESCAPED_MARK = re.compile(r"(\\u|\\U0000)[eE]00[01]")
_ATOMIC = "@%"


def token(kind: str, body: str) -> str:
    """Make the token of a kind; a body can hold anything but the two marks themselves."""
    return f"{OPEN}{kind}{body}{CLOSE}"


def clean(text: str) -> str:
    """Take the two marks out of text that came from a file, so that nobody can forge a token."""
    return text.replace(OPEN, "\ufffd").replace(CLOSE, "\ufffd")


def without_escapes(document: str) -> str:
    """Do the same with JSON or YAML text in which the marks are written as escapes; its length stays."""
    return _ESCAPED_MARK.sub(r"\1fffd", document) if "\\u" in document or "\\U" in document else document


def mark_dynamic(text: str) -> str:
    """Turn ``{{resolve:...}}`` into a token: its value is fetched during deployment."""
    return _DYNAMIC.sub(lambda match: token("$", match[1]), text)


def is_plain(text: str) -> bool:
    """Tell whether every character is known."""
    return OPEN not in text


def why_unknown(text: str) -> str | None:
    """Say why some of this text is not known, or None if all of it is."""
    match = TOKEN.search(text)
    if match is None:
        return None
    kind, body = match[1], match[2]
    if kind == "?":
        return body
    if kind == "$":
        return f"dynamic reference {{{{{body}}}}}"
    if kind == "%":
        return f"{body.rpartition('/')[2]} is known only in deployment"
    return f"{body.partition('/')[2]} is known only in deployment"


def why_all_unknown(data: object) -> str | None:
    """Say why nothing of a text is known, because it is fetched or decided in deployment; None if something is."""
    match = TOKEN.fullmatch(data) if type(data) is str else None
    return why_unknown(match[0]) if match and match[1] in "$?" else None


def referenced(text: str) -> list[tuple[int, str]]:
    """List the resources that a text names: (stack index, logical id), in order."""
    found = []
    for match in TOKEN.finditer(text):
        if match[1] in "@&":
            stack, _, rest = match[2].partition("/")
            found.append((int(stack), rest.partition(".")[0]))
    return found


def show(text: str) -> str:
    """Write a text for people: a token becomes what it stands for, in angle brackets."""
    return TOKEN.sub(lambda match: f"<{_shown(match[1], match[2])}>", text)


def _shown(kind: str, body: str) -> str:
    if kind in "@&":
        return body.partition("/")[2]
    return body.rpartition("/")[2] if kind == "%" else body


def split(delimiter: str, text: str) -> tuple[list[str], str | None]:
    """Split text outside its tokens.

    Returns:
        The pieces that are certain, and the reason why there may be others after them (None: these are all). A piece
        that holds a token of unknown shape is not certain, because the delimiter may be inside it.
    """
    if OPEN not in text:
        return text.split(delimiter), None
    pieces = [""]
    for part in _PIECES.split(text):
        if not part.startswith(OPEN):
            first, *rest = part.split(delimiter)
            pieces[-1] += first
            pieces += rest
        elif part[1] in _ATOMIC:
            pieces[-1] += part
        else:
            return pieces[:-1], why_unknown(part)
    return pieces, None
