"""How a value is written so that python-dotenv, Docker Compose, systemd, a shell and Node read the same.

The facts were found by running the readers. Unquoted text over a small alphabet means the same to all;
single quotes are literal to the five (python-dotenv still expands `${NAME}` and decodes backslashes in
them); double quotes only where there is nothing to escape or expand.
"""

from __future__ import annotations

import re
import unicodedata

from ops.errors import Refused

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+=?,-]*")
_ALIVE_IN_DOUBLE_QUOTES = '"$`!'


def written(key: str, value: str) -> str:
    """The text after `KEY=`. Raises Refused, naming the reader that would see something else; the value,
    which may be a secret, is not repeated."""
    if reason := _unwritable(value):
        raise Refused(
            f"`{key}` cannot be written to the env file: it holds {reason}",
            hint="percent-encode that character in the URL, or choose a password of letters and digits",
        )
    if _PLAIN.fullmatch(value):
        return value
    return f'"{value}"' if "'" in value else f"'{value}'"


def spellings(key: str, value: str) -> frozenset[str]:
    """The texts that may stand after `KEY=` already, because all readers take them for `value`."""
    quoted = {f"'{value}'", f'"{value}"'} if _PLAIN.fullmatch(value) else set()
    return frozenset({written(key, value), *quoted})


def advice(key: str, value: str) -> list[str]:
    """What a user of a reader outside the five should know."""
    if written(key, value) == value:
        return []
    return [f"`{key}` is written in quotes; `docker run --env-file` would keep the quotes in the value"]


def _unwritable(value: str) -> str:
    if any(unicodedata.category(c) == "Cc" for c in value):
        return "a line break or control character, and systemd and Docker Compose stop there"
    if any(unicodedata.category(c) == "Cs" for c in value):
        return "bytes that are not UTF-8, and systemd refuses them"
    if "\\" in value:
        return "a backslash, and python-dotenv reads two as one"
    if "${" in value:
        return "`${`, and python-dotenv puts a variable in its place"
    if "'" in value and (found := next((c for c in _ALIVE_IN_DOUBLE_QUOTES if c in value), "")):
        return f"both `'` and `{found}`, and a shell and Node differ on every way to quote them"
    return ""
