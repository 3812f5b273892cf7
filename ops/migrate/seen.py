"""What was seen of the values of a column and of a table: counts, ranges, weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

EXACT_IN_DOUBLE = 2**53


@dataclass(frozen=True)
class ColumnProfile:
    """Counts by storage class, ranges, and what PostgreSQL's text cannot hold.

    `digits` and `places` are the decimal digits before and after the point that the numbers need
    (None: not looked at, or not finite); `bad_texts` and `bad_blobs` are those that are no valid text.
    `forms` counts what the values look like, where the declared type asks for it (the words are those of
    `forms` and `numbers`); `whole` of the reals are whole numbers that a 64-bit integer holds.
    """

    nulls: int = 0
    integers: int = 0
    reals: int = 0
    texts: int = 0
    blobs: int = 0
    low: int = 0
    high: int = 0
    finite: bool = True
    longest: int = 0
    nul_texts: int = 0
    bad_texts: int = 0
    bad_blobs: int = 0
    digits: int | None = None
    places: int | None = None
    forms: Mapping[str, int] = field(default_factory=dict)
    whole: int = 0

    @property
    def classes(self) -> frozenset[str]:
        """The storage classes present, NULL aside."""
        counts = {"integer": self.integers, "real": self.reals, "text": self.texts, "blob": self.blobs}
        return frozenset(name for name, count in counts.items() if count)

    @property
    def integers_exact_in_double(self) -> bool:
        return self.low >= -EXACT_IN_DOUBLE and self.high <= EXACT_IN_DOUBLE


@dataclass(frozen=True)
class TableProfile:
    """`bytes` is what texts and blobs weigh, `large_bytes` the part of it in values over a megabyte,
    `largest` the heaviest value. `lowest_rowid` and `highest_rowid` bound the key ranges."""

    rows: int
    columns: Mapping[str, ColumnProfile] = field(default_factory=dict)
    bytes: int = 0
    large_bytes: int = 0
    largest: int = 0
    lowest_rowid: int = 0
    highest_rowid: int = 0
