"""SQLite's placeholders as psycopg2 wants them: `?` → `%s`, `:name` → `%(name)s`. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from ops.database.tokens import pieces
from ops.errors import UsageError

_POSITIONAL = re.compile(r"\?\?|\?\d?")
# Not `::type`, and not the bounds of an array slice (`a[1:2]`), which are digits.
_NAMED = re.compile(r"(?<![:\w]):([^\W\d]\w*)")


@lru_cache(maxsize=1024)
def positional(sql: str) -> str:
    """For parameters in a sequence. `??` stands for a `?` that is PostgreSQL's own operator.

    Raises UsageError for SQLite's numbered `?1`."""
    return "".join(
        _POSITIONAL.sub(_mark, _doubled(text)) if code else _doubled(text) for code, text in pieces(sql)
    )


@lru_cache(maxsize=1024)
def named(sql: str) -> str:
    """For parameters in a mapping; a `?` is left alone."""
    return "".join(
        _NAMED.sub(r"%(\1)s", _doubled(text)) if code else _doubled(text) for code, text in pieces(sql)
    )


def _doubled(text: str) -> str:
    # psycopg2 reads a lone % even in a literal or a comment as the start of a placeholder.
    return text.replace("%", "%%")


def _mark(found: re.Match[str]) -> str:
    text = found.group()
    if len(text) == 1:
        return "%s"
    if text == "??":
        return "?"
    raise UsageError(f"the numbered placeholder `{text}` is SQLite's alone", hint="write `?`, or `:name`")
