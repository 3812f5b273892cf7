"""What is wrong with the settings, all of it in one error, each with what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ops.config.keys import KEYS, SECTIONS
from ops.errors import UsageError


@dataclass(frozen=True)
class Mistake:
    """`where` is `gigops.yaml:12`, `GIGOPS_TARGET_PORT` or `flag target.port`; `text` what is wrong there."""

    where: str
    text: str


def refuse(mistakes: Sequence[Mistake]) -> None:
    """Raises one UsageError for all of them; nothing when there are none."""
    if not mistakes:
        return
    lines = [f"{mistake.where}: {mistake.text}" for mistake in sorted(mistakes, key=_place)]
    message = lines[0]
    if len(lines) > 1:
        message = f"the settings hold {len(lines)} mistakes" + "".join(f"\n  {line}" for line in lines)
    raise UsageError(message, hint="correct this, then look: gigops config check")


def _place(mistake: Mistake) -> tuple[bool, int]:
    """The file's mistakes first, from its top to its end."""
    line = mistake.where.rpartition(":")[2]
    return not line.isdigit(), int(line) if line.isdigit() else 0


def unknown(name: str) -> str:
    """The text for a key that does not exist, with the key that was probably meant."""
    section, _, leaf = name.rpartition(".")
    wanted = _snake(leaf)
    same_leaf = [key for key in KEYS if key.split(".")[1] == wanted]
    here = (
        [key for key in KEYS if key.startswith(section + ".")] if section else [*SECTIONS, "sources", "types"]
    )
    near = (
        [name for name in (f"{section}.{wanted}", wanted.replace("_", ".", 1)) if name in KEYS]
        or (nearest(wanted, [k.split(".")[-1] for k in here]) if section else nearest(wanted, here))
        or same_leaf[:1]
        or nearest(wanted.replace("_", ".", 1), [] if section else KEYS)
        or nearest(wanted, [k.split(".")[1] for k in KEYS])
    )
    if not near:
        return f"unknown key `{name}`; here gigops knows: {', '.join(k.split('.')[-1] for k in here)}"
    return f"unknown key `{name}`; did you mean `{_whole(near[0], section)}`?"


def nearest(word: str, known: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)


def _whole(key: str, section: str) -> str:
    if "." in key or key in (*SECTIONS, "sources", "types"):
        return key
    if f"{section}.{key}" in KEYS:
        return f"{section}.{key}"
    return next(name for name in KEYS if name.endswith("." + key))


def _snake(word: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).replace("-", "_").replace(" ", "_").lower()
