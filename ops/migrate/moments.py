"""Dates and times as SQLite's applications write them: ISO texts, and numbers counted from an epoch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone

LOWEST, HIGHEST = -62_135_596_800_000_000, 253_402_300_799_999_999  # the years 1 to 9999, in µs since 1970
MAC_2001 = 978_307_200_000_000  # µs from 1970 to 2001
WEBKIT_1601 = -11_644_473_600_000_000
JULIAN_1970_MS = 210_866_760_000_000  # https://sqlite.org/src/file/src/date.c: a day is 86,400,000 ms
SCALES = {"unix": 1_000_000, "unix_ms": 1_000, "unix_us": 1, "mac2001": 1_000_000, "webkit1601": 1}
ORIGINS = {"mac2001": MAC_2001, "webkit1601": WEBKIT_1601}
_START = datetime(1970, 1, 1)
_CLOCK = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?"
_TIME = re.compile(_CLOCK, re.ASCII)
# Go writes the zone's name after its offset (`+0000 UTC`); the offset says it all.
_ZONE = r"(?: ?(Z|[+-]\d\d(?::?\d\d)?)(?: [A-Z]{3,5})?)?"
_MOMENT = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)(?:[ T]{_CLOCK}{_ZONE})?", re.ASCII)


@dataclass(frozen=True)
class Moment:
    """What a text says: `at` without zone, `offset` from UTC (None: no zone is said). `rounded`: it has
    digits below a microsecond, which are rounded away (half up)."""

    at: datetime
    offset: timedelta | None
    date_only: bool
    rounded: bool

    @property
    def utc(self) -> datetime:
        """The instant, without a zone read as UTC's. Raises OverflowError outside the years 1 to 9999."""
        return (self.at - (self.offset or timedelta())).replace(tzinfo=UTC)


def read_moment(text: str) -> Moment | None:
    """`text` when it is an ISO 8601 date, or date and time, that exists."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    micros, rounded = _micros(fraction or "")
    try:
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        moment = Moment(at + timedelta(microseconds=micros), _offset(zone), hour is None, rounded)
        _ = moment.utc
    except (ValueError, OverflowError):
        return None
    return moment


def read_time(text: str) -> tuple[time, bool] | None:
    """`text` when it is a time of day, and whether digits below a microsecond are rounded away."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second, fraction = found.groups()
    micros, rounded = _micros(fraction or "")
    try:
        at = datetime(1970, 1, 1, int(hour), int(minute), int(second or 0)) + timedelta(microseconds=micros)
    except ValueError:
        return None
    return (at.time(), rounded) if at.day == 1 else None


def read_number(value: int | float, epoch: str) -> datetime | None:
    """The instant that `value` counts, in UTC; None outside the years 1 to 9999."""
    micros = micros_of(value, epoch)
    if micros is None or not LOWEST <= micros <= HIGHEST:
        return None
    return (_START + timedelta(microseconds=micros)).replace(tzinfo=UTC)


def micros_of(value: int | float, epoch: str) -> int | None:
    """Microseconds since 1970, rounded half up; None when `value` is not finite."""
    if isinstance(value, float) and not abs(value) < 1e19:
        return None
    if epoch == "julian":
        return (_floor(value * 86_400_000.0) - JULIAN_1970_MS) * 1_000  # to the ms, as SQLite reads it
    if epoch == "unix_ns":
        return _floor(value / 1e3) if isinstance(value, float) else (value + 500) // 1_000
    scale = SCALES[epoch]
    counted = _floor(value * float(scale)) if isinstance(value, float) else value * scale
    return counted + ORIGINS.get(epoch, 0)


def _floor(value: float) -> int:
    return int((value + 0.5) // 1)


def _micros(fraction: str) -> tuple[int, bool]:
    rest = fraction[6:]
    up = 1 if rest[:1] >= "5" else 0
    return int(fraction[:6].ljust(6, "0")) + up, bool(rest.strip("0"))


def _offset(zone: str | None) -> timedelta | None:
    """Raises ValueError for a day or more, or 60 minutes."""
    if zone is None:
        return None
    if zone == "Z":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    if int(digits[2:]) > 59:
        raise ValueError(zone)
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    timezone(size)  # refuses 24 hours and more
    return -size if zone[0] == "-" else size
