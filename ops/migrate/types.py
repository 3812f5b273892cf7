"""A column's PostgreSQL type as chosen, how its values travel, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ops.migrate.inputs import Form
from ops.migrate.seen import ColumnProfile

Kind = Literal[
    "int", "real", "decimal", "text", "bytes",
    "bool", "date", "time", "timestamp", "timestamptz", "json", "jsonb", "uuid", "other",
]  # fmt: skip
MOST_DIGITS = 76  # of Arrow's 256-bit decimals


@dataclass(frozen=True)
class Carriage:
    """How values travel: what they become, which storage classes are read, the decimals kept.

    `epoch` is what numbers count that become dates (one of `ops.settings.EPOCHS`; `""`: numbers do not).
    `empty`, `nul` and `utf8` are the user's wish, as in `ops.settings.TypeRule`. `other` is any other type
    of PostgreSQL's: its values travel as text, in the `form` that the type's input function takes; `words`
    are the only ones that an enum has.
    """

    kind: Kind
    reads: frozenset[str]
    places: int = 0
    epoch: str = ""
    empty: str = ""
    nul: str = ""
    utf8: str = ""
    form: Form = ""
    words: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TypeChoice:
    """`misfit` says how the values disagree with the declared type (`""`: they do not), `problem` which
    values (a storage class, `nul`, `utf8`, `form`), `notes` what of the values is not carried as it was."""

    postgres: str
    carriage: Carriage
    reason: str
    misfit: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()


def describe(profile: ColumnProfile) -> str:
    """What the values are, for people: `3 integers 1..9, 2 NULL`."""
    parts = []
    if profile.integers:
        parts.append(f"{profile.integers} integers {profile.low}..{profile.high}")
    for count, word in ((profile.reals, "reals"), (profile.texts, "texts"), (profile.blobs, "blobs")):
        if count:
            parts.append(f"{count} {word}")
    if profile.nulls:
        parts.append(f"{profile.nulls} NULL")
    return ", ".join(parts) or "no rows"
