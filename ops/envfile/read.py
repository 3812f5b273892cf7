"""Reads an env file as python-dotenv does, without interpolation."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import NotReady

if TYPE_CHECKING:
    from dotenv.parser import Binding

KEYS = ("DATABASE_TYPE", "DATABASE_URL")
BOM = "\ufeff"


def read(path: Path) -> dict[str, str]:
    """The file's keys and values, the last of a repeated key; empty when there is no file.

    Keys without a value (`KEY` alone on a line) are left out, as they set nothing."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NotReady(f"`{path}` cannot be read: {error.strerror}", hint="gigops doctor") from None
    return values(content)


def values(content: bytes) -> dict[str, str]:
    """The same from the bytes of a file."""
    found = {b.key: b.value for b in bindings(decoded(content)) if b.key is not None}
    return {key: value for key, value in found.items() if value is not None}


def decoded(content: bytes) -> str:
    """The text of an env file, without byte-order marks. Bytes that are not UTF-8 survive a round trip."""
    if b"\0" in content:
        raise NotReady(
            "the env file holds a NUL byte, so it is not plain text (UTF-16, perhaps)",
            hint="save it as UTF-8 without a byte-order mark",
        )
    return content.decode("utf-8", "surrogateescape").lstrip(BOM)


def line_of(piece: Binding) -> int:
    """The line its key stands on; the piece itself begins with the blank lines before it."""
    text = piece.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return piece.original.line + len(re.findall(r"\r\n|\n|\r", blank))


def bindings(text: str) -> list[Binding]:
    """python-dotenv's own view of the text, piece by piece; the pieces put together are the text."""
    from dotenv.parser import parse_stream

    return list(parse_stream(io.StringIO(text, newline="")))
