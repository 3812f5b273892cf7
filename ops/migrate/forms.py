"""What the texts of a column look like, counted: only where the declared type promises a form.

The words counted are `date`, `naive`, `zoned` and `clock` (times), `bool`, `uuid`, `jsonb`, `json`,
`decimal`, `odd` (none of what is wanted) and `empty`. `rounded` counts times with digits below a
microsecond. A word with a shape behind it (`naive 19T`) tells whether all are written alike. Of `any`
texts only the empty ones count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ops.migrate.careful import DECIMAL, FALSE, TRUE, UUID_FORM
from ops.migrate.documents import judge
from ops.migrate.moments import read_moment, read_time

_LOWER_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_SHAPES = (
    ("date 10", r"^\d{4}-\d\d-\d\d$", ""),
    ("naive 19 ", r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", ""),
    ("naive 26 ", r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$", ""),
    ("naive 23 ", r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$", ""),
    ("naive 19T", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$", ""),
    ("naive 26T", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$", ""),
    ("zoned 24TZ", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", "UTC"),
    ("zoned 20TZ", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "UTC"),
)


def count_forms(wanted: str, texts: Any) -> Counter[str]:
    """The forms of `texts`, an Arrow array of strings without NULL; `wanted` is a family's name, and may have
    an epoch behind it."""
    wanted = wanted.partition(" ")[0]
    found: Counter[str] = Counter()
    if wanted in ("date", "moment", "instant"):
        texts = _count_whole_batch(texts, found)
    for value, count in _counted(texts):
        for form in form_of(wanted, value):
            found[form] += count
    return found


def form_of(wanted: str, text: str) -> Sequence[str]:
    """The forms that one text counts for."""
    return ("empty",) if text == "" else _LOOKS[wanted](text)


def _count_whole_batch(texts: Any, found: Counter[str]) -> Any:
    """Counts a batch of one usual shape at once; returns what is left to look at one by one."""
    if len(texts) == 0:
        return texts
    first = texts[0].as_py()
    for shape, pattern, zone in _SHAPES:
        if re.match(pattern, first, re.ASCII) is None:
            continue
        alike = pc.match_substring_regex(texts, pattern)
        matching = texts.filter(alike)
        try:
            times = pc.cast(matching, pa.timestamp("us", zone) if zone else pa.timestamp("us"))
        except pa.ArrowInvalid:
            break  # a date that does not exist
        if pc.min(pc.year(times)).as_py() < 1:
            break
        found[shape.split()[0]] += len(matching)
        found[shape] += len(matching)
        return texts.filter(pc.invert(alike))
    return texts


def _counted(texts: Any) -> list[tuple[str, int]]:
    """Each text and how often it is there: columns of a few words are looked at once a word."""
    if len(texts) == 0:
        return []
    counts = pc.value_counts(texts)
    return list(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def _moment(text: str) -> Sequence[str]:
    said = read_moment(text)
    if said is None:
        return ("odd",)
    kind = "date" if said.date_only else ("naive" if said.offset is None else "zoned")
    zone = "" if said.offset is None else ("Z" if text.endswith("Z") else text[-6:] if said.offset else "+0")
    shape = f"{kind} {len(text)}{text[10:11]}{zone}"
    return (kind, shape, "rounded") if said.rounded else (kind, shape)


def _clock(text: str) -> Sequence[str]:
    said = read_time(text)
    if said is None:
        return ("odd",)
    return ("clock", f"clock {len(text)}", *(("rounded",) if said[1] else ()))


def _bool(text: str) -> Sequence[str]:
    return ("bool", f"bool {text}") if text.lower() in (*TRUE, *FALSE) else ("odd",)


def _uuid(text: str) -> Sequence[str]:
    bare = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    if not UUID_FORM.fullmatch(bare):
        return ("odd",)
    plain = re.match(_LOWER_UUID, text) is not None
    case = "" if text == text.lower() else "upper" if text == text.upper() else "mixed"
    return ("uuid", "uuid plain") if plain else ("uuid", f"uuid {len(text)}{case}")


def _json(text: str) -> Sequence[str]:
    return (judge(text) or "odd",)


def _decimal(text: str) -> Sequence[str]:
    return ("decimal",) if DECIMAL.fullmatch(text) else ("odd",)


def _any(text: str) -> Sequence[str]:
    del text
    return ()


_LOOKS: dict[str, Callable[[str], Sequence[str]]] = {
    "date": _moment, "moment": _moment, "instant": _moment, "clock": _clock, "bool": _bool, "uuid": _uuid,
    "json": _json, "decimal": _decimal, "any": _any,
}  # fmt: skip
