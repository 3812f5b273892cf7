"""Changes keys in the text of an env file, and nothing else in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ops.envfile.read import bindings, decoded, line_of, values
from ops.envfile.values import advice, spellings, written
from ops.errors import Refused

_LINE = re.compile(
    r"(?P<before>\s*)(?P<export>(?:export[^\S\r\n]+)?)(?P<key>'[^']+'|[^=#\s]+)[^\S\r\n]*"
    r"(?P<equals>(?:=[^\S\r\n]*)?)(?P<rest>.*?)(?P<end>\r\n|\n|\r|\Z)\Z",
    re.DOTALL,
)
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_COMMENT = re.compile(r"\s+#.*")


@dataclass(frozen=True)
class _Line:
    """One `KEY=value` as it stands: the blank before it, `export `, the spelled value, a comment, the end."""

    before: str
    export: str
    tight: bool
    value: str
    comment: str
    end: str


def edit(old: bytes, changes: Mapping[str, str | None]) -> bytes:
    """`old` with `changes` made; None takes the key out. Pure.

    Each key keeps its place; of a repeated key the last, which is the one readers take, is changed. A new
    key goes to the end. A comment behind a changed value moves to a line of its own above it, because
    systemd takes it for a part of the value; that line is not indented, because Node 20 loses the key
    after an indented comment. Raises Refused for a value that readers would not agree on.
    """
    text = decoded(old)
    pieces = bindings(text)
    last = {piece.key: place for place, piece in enumerate(pieces)}
    ending = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    out = []
    for place, piece in enumerate(pieces):
        line, key = piece.original.string, piece.key
        if key is not None and key in changes and (changes[key] is None or last[key] == place):
            line = _changed(line, key, changes[key], ending)
        out.append(line)
    new = "".join(out)
    added = [f"{k}={written(k, v)}" for k, v in changes.items() if v is not None and k not in last]
    if added and new and not new.endswith(("\n", "\r")):
        new += ending + ending.join(added)
    elif added:
        new += "".join(line + ending for line in added)
    whole = old.decode("utf-8", "surrogateescape")
    marks = whole[: len(whole) - len(text)]
    result = (marks + new).encode("utf-8", "surrogateescape")
    _require_effect(old, result, changes)
    return result


def notes(old: bytes, changes: Mapping[str, str | None]) -> list[str]:
    """What the user should know about this edit: repeated keys, and readers that see it otherwise."""
    out = []
    pieces = bindings(decoded(old))
    for key, value in changes.items():
        places = [piece for piece in pieces if piece.key == key]
        lines = [line_of(piece) for piece in places]
        if len(lines) > 1:
            others = ", ".join(str(n) for n in lines[:-1])
            out.append(
                f"`{key}` is there {len(lines)} times; the last, on line {lines[-1]}, counts (also: {others})"
            )
        if places and _split(places[-1].original.string).export:
            out.append(f"`export {key}=` is not read by systemd's EnvironmentFile=")
        if value is not None:
            out += advice(key, value)
    return out


def _changed(text: str, key: str, value: str | None, ending: str) -> str:
    line = _split(text)
    if value is not None and line.tight and not line.comment and line.value in spellings(key, value):
        return text
    indent = re.split(r"[\r\n]", line.before)[-1]
    above = line.before[: len(line.before) - len(indent)]
    if line.comment:
        above += line.comment + (line.end or ending)
    if value is None:
        return above
    return f"{above}{indent}{line.export}{key}={written(key, value)}{line.end}"


def _split(text: str) -> _Line:
    match = _LINE.match(text)
    if match is None:  # pragma: no cover - python-dotenv took it for a key and a value
        raise AssertionError("a line that python-dotenv reads and gigops does not")
    equals, rest = match["equals"], match["rest"]
    quoted = _QUOTED.match(rest)
    if not equals or (len(equals) > 1 and rest.startswith("#")):
        value = ""
    elif quoted:
        value = quoted.group()
    else:
        value = _COMMENT.sub("", rest)
    between = text[match.end("export") : match.start("rest")]
    tight = between.endswith("=") and not re.search(r"[\s']", between) and value == value.strip()
    return _Line(
        match["before"], match["export"], tight, value.rstrip(), rest[len(value) :].strip(), match["end"]
    )


def _require_effect(old: bytes, new: bytes, changes: Mapping[str, str | None]) -> None:
    """Reads the result back: a quote left open elsewhere in the file may swallow what was written."""
    kept = {key: value for key, value in values(old).items() if key not in changes}
    wanted = {**kept, **{key: value for key, value in changes.items() if value is not None}}
    if values(new) != wanted:
        torn = [line_of(piece) for piece in bindings(decoded(old)) if piece.error]
        where = f"line {torn[0]}" if torn else "a line of it"
        raise Refused(
            f"the env file cannot be changed safely: {where} opens a quote that is not closed",
            hint="close the quote, then run this again",
        )
