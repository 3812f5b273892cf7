"""Rejects as lines of JSON that lose nothing, and the names of the files they stand in."""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Mapping, Sequence

from ops.migrate.careful import BadText, Value
from ops.migrate.rejects.model import Problem, Row

_PLAIN = frozenset(string.ascii_letters + string.digits + "_-. ")
_LONGEST_NAME = 180  # bytes; file systems allow 255


def encode(value: Value) -> object:
    """The value as JSON that `decode` gives back bit for bit."""
    if isinstance(value, BadText):
        return {"text": value.hex()}
    if isinstance(value, bytes):
        return {"blob": value.hex()}
    return {"real": repr(value)} if isinstance(value, float) else value


def decode(cell: object) -> Value:
    """The value that `encode` wrote, or that a person wrote in its place (a number with a point is a real,
    true and false are 1 and 0). Raises ValueError."""
    match cell:
        case None | str():
            return cell
        case bool() | int():
            return int(cell)
        case float():
            return cell
        case {"real": str(text), **others} if not others:
            return float(text)
        case {"blob": str(text), **others} if not others:
            return bytes.fromhex(text)
        case {"text": str(text), **others} if not others:
            return BadText(bytes.fromhex(text))
    raise ValueError(f"`{json.dumps(cell)[:60]}` is no value: write a text, a number, null or"
                     ' {"blob": "hex"}')  # fmt: skip


def write_line(row: Row) -> str:
    """One line of JSON, without its end."""
    return json.dumps(document(row), ensure_ascii=False)


def document(row: Row) -> dict[str, object]:
    """The reject as JSON has it; `carried` only when it is."""
    found: dict[str, object] = {
        "key": {name: encode(value) for name, value in row.key.items()},
        "problems": [{"columns": p.columns, "reason": p.reason} for p in row.problems],
        "row": {name: encode(value) for name, value in row.row.items()},
    }
    if row.carried:
        found["carried"] = row.carried
    return found


def read_line(line: str) -> Row:
    """The reject of a line. Raises ValueError."""
    read = json.loads(line)
    try:
        return Row(
            {name: decode(cell) for name, cell in read["key"].items()},
            tuple(Problem(tuple(p["columns"]), p["reason"]) for p in read["problems"]),
            {name: decode(cell) for name, cell in read["row"].items()},
            str(read.get("carried", "")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the line is no reject: {error!r}") from None


def key_text(key: Mapping[str, Value]) -> str:
    """The key as one text, the same for the same key."""
    return json.dumps({name: encode(value) for name, value in key.items()}, ensure_ascii=True)


def file_names(tables: Sequence[str]) -> dict[str, str]:
    """A file's name for each table, whatever its name holds; never two the same, also where upper and
    lower case are one."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for table in tables:
        name = "".join(_escaped(sign) for sign in table).replace(" ", "_")
        name = "%2E" + name[1:] if name.startswith(".") else name
        if len(name) > _LONGEST_NAME or not name or name.lower() in taken:
            name = f"{name[:_LONGEST_NAME]}~{hashlib.sha256(table.encode()).hexdigest()[:8]}"
        taken.add(name.lower())
        found[table] = f"{name}.jsonl"
    return found


def _escaped(sign: str) -> str:
    return sign if sign in _PLAIN else "".join(f"%{byte:02X}" for byte in sign.encode(errors="replace"))
