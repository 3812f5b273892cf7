"""Fills the commented example of gigops.yaml with what was found, so that the comments stay in one place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ops.config.keys import KEYS, SECTIONS

_KEY = re.compile(r"(?P<indent> +)(?P<off># )?(?P<key>[a-z_]+):(?P<rest>.*)")
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+-]+)*")


@dataclass(frozen=True)
class Entry:
    """One line of `sources`. With a `remark` it is commented out, and the remark says why."""

    path: str
    remark: str = ""


def fill(template: str, values: Mapping[str, str | None], sources: Sequence[Entry]) -> str:
    """`template` with the value of each dotted key in `values` put in (None: the line commented out) and
    the entries of `sources` in place of its own. Pure."""
    out: list[str] = []
    section = ""
    for line in template.splitlines():
        if line[:1].isalpha():
            section = line.partition(":")[0]
            if section == "sources":
                out += _sources(sources)
                continue
        if section == "sources" and line.startswith("  - "):
            continue
        out.append(_line(line, section, values))
    return "\n".join(out) + "\n"


def scalar(text: str) -> str:
    """`text` as a YAML value: as it is, or in double quotes when YAML would read something else."""
    plain = _PLAIN.fullmatch(text) and text.lower() != "null"
    return text if plain else json.dumps(text, ensure_ascii=False)


def _line(line: str, section: str, values: Mapping[str, str | None]) -> str:
    match = _known(line, section)
    if match is None or f"{section}.{match['key']}" not in values:
        return line
    value = values[f"{section}.{match['key']}"]
    if value is None:
        return line if match["off"] else f'{match["indent"]}# {match["key"]}: ""'
    return f"{match['indent']}{match['key']}: {scalar(value)}"


def _known(line: str, section: str) -> re.Match[str] | None:
    match = _KEY.fullmatch(line)
    return match if match and section in SECTIONS and f"{section}.{match['key']}" in KEYS else None


def _sources(entries: Sequence[Entry]) -> list[str]:
    live = [f"  - {scalar(entry.path)}" for entry in entries if not entry.remark]
    aside = [f"  # - {scalar(entry.path)}    # {entry.remark}" for entry in entries if entry.remark]
    return ["sources:" if live else "sources: []", *live, *aside]
