"""What one batch of a column holds, measured on Arrow arrays; the parts of a column add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ops.migrate.forms import count_forms
from ops.migrate.seen import ColumnProfile

LARGE_VALUE = 1_000_000


class Odd(Exception):
    """Values that need a closer look, one by one."""


@dataclass(frozen=True)
class Measured:
    """A column of some rows: its profile so far, and what its texts and blobs weigh (bytes)."""

    profile: ColumnProfile = field(default=ColumnProfile())
    bytes: int = 0
    large: int = 0
    largest: int = 0


def integers(array: Any) -> Measured:
    filled = len(array) - array.null_count
    if not filled:
        return Measured()
    ends = pc.min_max(array)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    digits = max(len(str(abs(low))), len(str(abs(high))))
    return Measured(ColumnProfile(integers=filled, low=low, high=high, digits=digits, places=0))


def reals(array: Any, *, decimals: bool) -> Measured:
    """With `decimals` also how many digits the numbers need."""
    filled = len(array) - array.null_count
    if not filled:
        return Measured()
    finite = bool(pc.all(pc.is_finite(array)).as_py())
    digits = places = None
    if decimals and finite:
        digits, places = _digits(array.drop_null())
    return Measured(ColumnProfile(reals=filled, finite=finite, digits=digits, places=places))


def texts(array: Any, *, form: str, characters: bool) -> Measured:
    """`form` is what to count (`""`: nothing); with `characters` the longest is in characters.

    Raises Odd when a text is not valid, or holds a NUL."""
    filled = len(array) - array.null_count
    if not filled:
        return Measured()
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        raise Odd from None
    data = array.buffers()[2]
    if data is not None and b"\0" in data.to_pybytes():
        raise Odd
    weight = pc.binary_length(array)
    largest = pc.max(weight).as_py()
    longest = pc.max(pc.utf8_length(array)).as_py() if characters else largest
    forms = count_forms(form, array.drop_null()) if form else {}
    seen = ColumnProfile(texts=filled, longest=longest, forms=dict(forms))
    return Measured(seen, pc.sum(weight).as_py(), _large(weight, largest), largest)


def blobs(array: Any) -> Measured:
    filled = len(array) - array.null_count
    if not filled:
        return Measured()
    weight = pc.binary_length(array)
    largest = pc.max(weight).as_py()
    return Measured(ColumnProfile(blobs=filled), pc.sum(weight).as_py(), _large(weight, largest), largest)


def added(one: Measured, two: Measured) -> Measured:
    """Both together."""
    return Measured(
        _joined(one.profile, two.profile), one.bytes + two.bytes, one.large + two.large,
        max(one.largest, two.largest),
    )  # fmt: skip


def _joined(a: ColumnProfile, b: ColumnProfile) -> ColumnProfile:
    lows = [(p.low, p.high) for p in (a, b) if p.integers]
    forms: dict[str, int] = {}
    for each in (a.forms, b.forms):
        _add(forms, each)
    digits, places = _wider(a, b)
    return ColumnProfile(
        nulls=a.nulls + b.nulls,
        integers=a.integers + b.integers,
        reals=a.reals + b.reals,
        texts=a.texts + b.texts,
        blobs=a.blobs + b.blobs,
        low=min((low for low, _ in lows), default=0),
        high=max((high for _, high in lows), default=0),
        finite=a.finite and b.finite,
        longest=max(a.longest, b.longest),
        digits=digits,
        places=places,
        forms=forms,
    )


def _wider(a: ColumnProfile, b: ColumnProfile) -> tuple[int | None, int | None]:
    """The digits that hold the numbers of both; None when those of one were not looked at."""
    numbers = [p for p in (a, b) if p.integers or p.reals]
    if not numbers or any(p.digits is None or p.places is None for p in numbers):
        return None, None
    return max(p.digits or 0 for p in numbers), max(p.places or 0 for p in numbers)


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for word, count in more.items():
        total[word] = total.get(word, 0) + count


def _large(weight: Any, largest: int) -> int:
    if largest <= LARGE_VALUE:
        return 0
    return int(pc.sum(weight.filter(pc.greater(weight, LARGE_VALUE))).as_py())


def _digits(array: Any) -> tuple[int, int]:
    """The decimal digits before and after the point, of each number's shortest form."""
    said = pc.replace_substring_regex(pc.cast(array, pa.string()), r"^-|\.0$", "")
    plain = said.filter(pc.invert(pc.match_substring(said, "e")))
    digits = places = 0
    if len(plain):
        length, point = pc.utf8_length(plain), pc.find_substring(plain, ".")
        before = pc.if_else(pc.less(point, 0), length, point)
        # As Decimal counts: a lone zero before the point is no digit.
        before = pc.if_else(pc.starts_with(plain, "0."), 0, before)
        after = pc.if_else(pc.less(point, 0), 0, pc.subtract(pc.subtract(length, point), 1))
        digits, places = pc.max(before).as_py(), pc.max(after).as_py()
    for text in said.filter(pc.match_substring(said, "e")).to_pylist():
        _, figures, exponent = Decimal(text).as_tuple()
        assert isinstance(exponent, int)
        digits, places = max(digits, len(figures) + exponent), max(places, -exponent)
    return digits, places
