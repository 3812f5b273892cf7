"""SQL text cut into code and what is not code: literals, quoted names, comments. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

# As PostgreSQL reads them (manual, 4.1 "Lexical Structure"); SQLite's forms are among these.
_NOT_CODE = re.compile(
    r"""
      (?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'?     # E'it\'s'
    | '(?:[^']|'')*'?                         # 'it''s'
    | "(?:[^"]|"")*"?                         # "a name"
    | `(?:[^`]|``)*`?                         # `a name`, which SQLite takes from MySQL
    | --[^\n]*                                # to the end of the line
    | /\*                                     # may hold others like itself
    | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)   # $tag$ ... $tag$
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_WORD = re.compile(r"[^\W\d]\w*")
_READERS = {"select", "values", "explain", "show", "table", "pragma"}
_WRITERS = {"insert", "update", "delete", "merge", "replace"}


def pieces(sql: str) -> Iterator[tuple[bool, str]]:
    """The text in order, each piece with whether it is code; joined they are `sql` again."""
    start = 0
    while found := _NOT_CODE.search(sql, start):
        if found.start() > start:
            yield True, sql[start : found.start()]
        end = _comment_end(sql, found.end()) if found.group() == "/*" else found.end()
        yield False, sql[found.start() : end]
        start = end
    if start < len(sql):
        yield True, sql[start:]


@lru_cache(maxsize=1024)
def first_word(sql: str) -> str:
    return next(_words(sql), "")


@lru_cache(maxsize=1024)
def only_reads(sql: str) -> bool:
    """Whether the statement is surely no write. In doubt it is one: then it merely waits at the gate."""
    words = list(_words(sql))
    if not words:
        return True
    return words[0] in _READERS or (words[0] == "with" and not _WRITERS.intersection(words))


def _words(sql: str) -> Iterator[str]:
    for code, text in pieces(sql):
        if code:
            yield from (word.lower() for word in _WORD.findall(text))


def _comment_end(sql: str, position: int) -> int:
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(sql, position)):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return len(sql) if depth else position
