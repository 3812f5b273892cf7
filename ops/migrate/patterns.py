"""SQLite's small pattern languages as PostgreSQL's: GLOB as a regular expression, strftime as to_char."""

from __future__ import annotations

import re

_TO_CHAR = {
    "Y": "YYYY", "m": "MM", "d": "DD", "H": "HH24", "M": "MI", "S": "SS", "f": "SS.MS", "j": "DDD",
    "F": "YYYY-MM-DD", "T": "HH24:MI:SS", "R": "HH24:MI",
}  # fmt: skip


def glob_to_regex(pattern: str) -> str:
    """A POSIX regular expression that matches what `GLOB pattern` matches."""
    out, i = "^", 0
    while i < len(pattern):
        end = pattern.find("]", i + (3 if pattern[i + 1 : i + 2] == "^" else 2)) if pattern[i] == "[" else -1
        if pattern[i] == "*":
            out += ".*"
        elif pattern[i] == "?":
            out += "."
        elif end > 0:
            inner = pattern[i + 1 : end].replace("\\", "\\\\")
            out += f"[{inner}]"
            i = end
        else:
            out += re.sub(r"([\\.^$*+?()\[\]{}|])", r"\\\1", pattern[i])
        i += 1
    return out + "$"


def strftime_to_char(pattern: str) -> str | None:
    """The to_char pattern of a strftime pattern; None when it holds a letter to_char does not know."""
    out, plain = "", ""
    for found in re.finditer(r"%(.)|([^%]+)", pattern, re.DOTALL):
        letter, text = found.groups()
        if text is not None or letter == "%":
            plain += text or "%"
            continue
        if letter not in _TO_CHAR:
            return None
        out += _quoted(plain) + _TO_CHAR[letter]
        plain = ""
    return out + _quoted(plain)


def _quoted(text: str) -> str:
    if not re.search(r"[A-Za-z\"\\]", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
