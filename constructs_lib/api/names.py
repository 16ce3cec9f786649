"""Names of inputs as users list them: headers, query parameters, scopes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from constructs_lib.errors import RefusedError

_NAME = re.compile(r"[^\s'\"$\\{}]+")


def check_names(subject: str, what: str, names: Sequence[object]) -> tuple[str, ...]:
    """Return the names, each literal and fit for a mapping expression.

    Raises:
        RefusedError: a lone string, which would be read letter by letter, or a name with a space, a quote or a token.
    """
    known = tuple(name for name in names if isinstance(name, str) and _NAME.fullmatch(name))
    if isinstance(names, str) or len(known) < len(names):
        raise RefusedError(
            f"{subject}: {what}",
            got=repr(names),
            allowed="a list of literal names, without spaces and quotes",
            fix=f'{what}=["{names}"]' if isinstance(names, str) else "correct the name",
        )
    return known
