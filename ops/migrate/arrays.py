"""Conversions of whole Arrow arrays; each gives what `careful` says, or raises and leaves it to that."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ops.migrate.careful import FALSE, TRUE
from ops.migrate.moments import HIGHEST, JULIAN_1970_MS, LOWEST, ORIGINS, SCALES

_US = pa.timestamp("us")
_UTC = pa.timestamp("us", "UTC")
_DAY = r"^(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)"
_ZONE = r" ?(Z|[+-]\d\d(?::?\d\d)?)(?: [A-Z]{3,5})?$"
_SHAPE = r"^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?$"


class Careful(Exception):
    """The array holds something that only the careful way tells right."""


def text_of_numbers(array: Any) -> Any:
    """Numbers as texts; doubles as the shortest that read back as the same double, with a point as SQLite
    writes. Texts stay."""
    text = pc.cast(array, pa.string())
    if not pa.types.is_floating(array.type):
        return text
    return pc.replace_substring_regex(text, r"^(-?\d+)$", r"\1.0")


def without_nul(text: Any, nul: str) -> Any:
    """Texts with their NUL characters treated as a rule says; Careful when there are some and no rule."""
    if not pc.any(pc.match_substring(text, "\0")).as_py():
        return text
    if nul not in ("strip", "replace", "escape"):
        raise Careful
    return pc.replace_substring(text, "\0", {"strip": "", "replace": "\ufffd", "escape": "\\x00"}[nul])


def booleans(array: Any) -> Any:
    if pa.types.is_string(array.type):
        lower = pc.utf8_lower(array)
        true = pc.is_in(lower, pa.array(TRUE))
        known = pc.or_(true, pc.is_in(lower, pa.array(FALSE)))
    else:
        true = pc.equal(array, 1)
        known = pc.or_(true, pc.equal(array, 0))
    if not pc.all(pc.if_else(pc.is_null(array), True, known)).as_py():
        raise Careful
    return pc.if_else(pc.is_null(array), None, true)


def times(array: Any) -> Any:
    with_day = pc.binary_join_element_wise("1970-01-01", array, " ")
    return pc.cast(pc.cast(with_day, _US), pa.time64("us"))


def moments(array: Any, wanted: Any) -> Any:
    """ISO texts as the timestamps `wanted` (with the zone UTC or none)."""
    try:
        made = _cast_as_they_are(array, wanted)
    except pa.ArrowInvalid:
        made = _cast_made_alike(array, wanted)
    return within_years(made)


def moments_of_numbers(array: Any, epoch: str, wanted: Any) -> Any:
    """Numbers counted from `epoch` as the timestamps `wanted`."""
    real = pa.types.is_floating(array.type)
    if epoch == "julian":
        days = pc.multiply(pc.cast(array, pa.float64()), 86_400_000.0)
        micros = pc.multiply_checked(pc.subtract_checked(_nearest(days), JULIAN_1970_MS), 1_000)
    elif epoch == "unix_ns":
        micros = _nearest(pc.divide(array, 1e3)) if real else _thousandth(array)
    elif epoch in SCALES:
        scale = SCALES[epoch]
        counted = _nearest(pc.multiply(array, float(scale))) if real else pc.multiply_checked(array, scale)
        micros = pc.add_checked(counted, ORIGINS.get(epoch, 0))
    else:
        raise Careful
    return within_years(pc.cast(micros, pa.int64()).view(wanted))


def within_years(array: Any) -> Any:
    """The timestamps; Careful when one lies outside the years 1 to 9999."""
    ends = pc.min_max(array.view(pa.int64()))
    if ends["min"].is_valid and not LOWEST <= ends["min"].as_py() <= ends["max"].as_py() <= HIGHEST:
        raise Careful
    return array


def kept(array: Any, decimals: int) -> Any:
    """The times; Careful when one has more decimals of a second than its type, as timestamp(3), keeps."""
    unit = 10 ** (6 - decimals)
    micros = pc.cast(array.view(pa.int64()), pa.int64())
    if decimals < 6 and not pc.all(pc.equal(micros, pc.multiply(pc.divide(micros, unit), unit))).as_py():
        raise Careful
    return array


def uuids(array: Any) -> Any:
    """Texts of 32 hexadecimal digits, with or without dashes and braces."""
    bare = pc.replace_substring_regex(pc.fill_null(array, "0" * 32), r"^\{(.*)\}$", r"\1")
    dashed = r"^([0-9A-Fa-f]{8})-([0-9A-Fa-f]{4})-([0-9A-Fa-f]{4})-([0-9A-Fa-f]{4})-([0-9A-Fa-f]{12})$"
    bare = pc.replace_substring_regex(bare, dashed, r"\1\2\3\4\5")
    if not pc.all(pc.match_substring_regex(bare, "^[0-9A-Fa-f]{32}$")).as_py():
        raise Careful
    raw = bytes.fromhex("".join(bare.to_pylist()))
    made = pa.Array.from_buffers(pa.binary(16), len(array), [None, pa.py_buffer(raw)])
    return pc.if_else(pc.is_valid(array), made, None)


def _cast_as_they_are(array: Any, wanted: Any) -> Any:
    if wanted.tz is None:
        return pc.cast(array, wanted)
    zoned = pc.match_substring_regex(array, r"^.{11,}(Z|[+-]\d\d(:?\d\d)?)$")
    if pc.all(zoned).as_py():
        return pc.cast(array, wanted)
    if pc.any(zoned).as_py():
        return pc.coalesce(
            pc.cast(pc.if_else(zoned, array, None), wanted),
            pc.cast(pc.if_else(zoned, None, array), _US).view(wanted),
        )
    return pc.cast(array, _US).view(wanted)


def _cast_made_alike(array: Any, wanted: Any) -> Any:
    """Offsets without the space before them, at most six digits behind the point."""
    alike = pc.replace_substring_regex(array, _DAY + _ZONE, r"\1\2")
    if not pc.all(pc.match_substring_regex(alike, _SHAPE)).as_py():
        raise Careful
    seventh = pc.struct_field(pc.extract_regex(alike, r"\.\d{6}(?P<next>\d)"), "next")
    cut = pc.replace_substring_regex(alike, r"(\.\d{6})\d+", r"\1")
    made = _cast_as_they_are(cut, wanted)
    up = pc.cast(pc.fill_null(pc.greater_equal(seventh, "5"), False), pa.int64())
    return pc.add(made.view(pa.int64()), up).view(wanted)


def _nearest(array: Any) -> Any:
    return pc.cast(pc.floor(pc.add(array, 0.5)), pa.int64())


def _thousandth(array: Any) -> Any:
    if pc.min(array).as_py() < 0:
        raise Careful  # Arrow divides towards zero
    return pc.divide(pc.add_checked(array, 500), 1_000)
