"""What the numbers in a column of dates count: told only when all of them agree."""

from __future__ import annotations

from ops.migrate.seen import ColumnProfile

# From 2001-09-09, when Unix time had ten digits, to 2106-02-07, when it leaves 32 bits. Before 2001 the same
# number may as well be Core Data's, which counts from 2001 and has reached 8e8.
_FIRST, _LAST = 1_000_000_000, 4_294_967_295
WINDOWS: dict[str, tuple[int, int]] = {
    "unix": (_FIRST, _LAST),
    "unix_ms": (_FIRST * 1_000, _LAST * 1_000),
    "unix_us": (_FIRST * 1_000_000, _LAST * 1_000_000),
    "unix_ns": (_FIRST * 1_000_000_000, _LAST * 1_000_000_000),
    "julian": (1_700_000, 5_400_000),  # the years -58 to 10072; beside reals only
}
NAMES = {
    "unix": "seconds since 1970",
    "unix_ms": "milliseconds since 1970",
    "unix_us": "microseconds since 1970",
    "unix_ns": "nanoseconds since 1970",
    "julian": "Julian days",
    "mac2001": "seconds since 2001",
    "webkit1601": "microseconds since 1601",
}


def unit(profile: ColumnProfile) -> str:
    """The unit that every number of the column agrees on; `""` when none is certain.

    Numbers outside every window (0, a date of 1985) go with the others, and decide nothing alone.
    """
    numbers = profile.integers + profile.reals
    hit = [name for name in WINDOWS if profile.forms.get(name)]
    if len(hit) != 1 or not profile.finite:
        return ""
    if hit == ["julian"]:
        certain = profile.reals > 0 and profile.forms["julian"] == numbers
        return "julian" if certain else ""
    return hit[0] if not profile.forms.get("astray") else ""
