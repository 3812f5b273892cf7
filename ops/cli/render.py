"""How results become text: one JSON object on stdout, or lines and tables that fit 80 columns."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from textwrap import wrap
from typing import Any

from ops.cli.session import current
from ops.values import DatabaseUrl, Duration, Secret, Size


def emit(report: Mapping[str, Any], text: str | Iterable[str]) -> None:
    """Prints `report` as one JSON object with --json, else `text` (a text or lines), on stdout."""
    if current.json:
        sys.stdout.write(json.dumps(report, default=_plain, ensure_ascii=False) + "\n")
        return
    lines = [text] if isinstance(text, str) else list(text)
    sys.stdout.write("".join(line + "\n" for line in lines))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Aligned columns, two spaces between; numbers to the right."""
    body = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(headings), *body]) for i in range(len(headings))]
    right = [bool(body) and all(_numeric(line[i]) for line in body) for i in range(len(headings))]
    out = []
    for line in [list(headings), *body]:
        cells = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        out.append("  ".join(cells).rstrip())
    return out


def wrapped(head: str, text: str) -> list[str]:
    """`text` behind `head`, going on below itself where 80 columns are not enough."""
    below = " " * (len(head) + 2)
    return wrap(text, 80, initial_indent=head, subsequent_indent=below, break_long_words=False)


def confirm(question: str) -> None:
    """Asks before a change. --yes answers; without a terminal to ask on it is an error.

    Raises UsageError when nobody can be asked, Refused when the answer is no."""
    from ops.errors import Refused, UsageError

    if current.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{question} nobody can be asked here", hint="add --yes to go ahead")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes", "s", "si", "sí"):
        raise Refused("nothing was changed")


def _numeric(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("-", "").isdigit()


def _plain(value: object) -> object:
    if isinstance(value, Size):
        return value.bytes
    if isinstance(value, Duration):
        return value.seconds
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Secret | DatabaseUrl | Path):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
