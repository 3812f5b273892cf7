"""Any schema with any values: what hypothesis draws, and the SQLite file that it makes."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

DECLARED = (
    "INTEGER", "INT", "BIGINT", "SMALLINT", "TINYINT", "MEDIUMINT", "INT2", "INT4", "INT8", "INT64",
    "UNSIGNED BIG INT", "INTEGER UNSIGNED", "LONG", "TINYINT(1)", "BIT", "BOOLEAN", "BOOL", "REAL",
    "FLOAT", "DOUBLE", "DOUBLE PRECISION", "FLOAT8", "NUMERIC", "DECIMAL", "DECIMAL(10,2)",
    "DECIMAL (5, 2)", "NUMERIC(38,18)", "DECIMAL(3,0)", "NUMBER", "MONEY", "TEXT", "CLOB", "CHAR(3)",
    "VARCHAR(5)", "VARCHAR", "NVARCHAR(20)", "LONGVARCHAR", "STRING", "NATIVE CHARACTER(7)", "BLOB",
    "BYTEA", "VARBINARY(4)", "DATE", "DATETIME", "DATETIME(6)", "TIMESTAMP", "TIMESTAMPTZ", "TIME",
    "JSON", "JSONB", "UUID", "GUID", "UNIQUEIDENTIFIER", "CHAR(36)", "CHARINT", "INTERGER",
    "INTEGER_OR_TEXT", "INTEGER NON", "BLOB SUB_TYPE TEXT", "FRUIT", "POINT", "ANY", "",
)  # fmt: skip
_TABLES = ("t", "T2", "order", "a b", "y" * 64, "y" * 65)
_KEYS = {
    "": "",
    "row id": "PRIMARY KEY",
    "autoincrement": "PRIMARY KEY AUTOINCREMENT",
    "one": "PRIMARY KEY",
    "several": "",
}
_STRICT = ("INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY")
NAMES = (
    "a", "b", "Mixed Case", "select", "order", "user", 'quo"te', "xmin", "ctid", "oid", "rowid",
    "_rowid_", "é", "日本", "x" * 63, "x" * 64, "x" * 65, "a.b", "a/b", "%s", "{}", "'", "\\", ":p", "?1",
    "$1", ".x", "[0]", " ", "id", "key", "1", "-- ",
)  # fmt: skip
_DEFAULTS = (
    "0", "1", "-7", "1.5", "''", "'x'", "\"y\"", "'it''s'", "NULL", "true", "FALSE",
    "CURRENT_TIMESTAMP", "CURRENT_DATE", "(datetime('now'))", "(strftime('%s','now'))", "x'00ff'",
    "(1 || 'a')", "(hex(zeroblob(2)))", "'{}'", "(abs(random()))", "'0000-00-00'",
    "9223372036854775808", "(1 + 2)", "'%s'", "'\\'",
)  # fmt: skip
_TEXTS = (
    "", " ", "0", "1", "12", "-5", "007", "1.50", "12.345", "1e5", "+3", " 7", "12,50", "true", "False",
    "t", "no", "NaN", "inf", "2024-02-29", "2023-02-30", "0000-00-00", "0001-01-01 00:00:00+00:00",
    "2020-01-02 03:04:05", "2020-01-02T03:04:05Z", "2020-01-02 03:04:05.123456789",
    "2020-01-02 03:04:05.9999999", "2020-01-02 03:04", "2020-01-02T03:04:05.5+02:00",
    "9999-12-31 23:59:59.9999999", "24:00:00", "23:59", "12:34:56.7", "29/02/2024", "2020-1-2",
    "20200102", "now", "infinity", "-infinity", "epoch", "allballs", "{}", "[]", "null", "[1, 2.50]",
    '{"a": 1, "a": 2}', '{"b":1e400}', '"\\u0000"', '"\\ud800"', '{"a": NaN}', "[1] x", '"x',
    '{"n": 12345678901234567890123}', "[-0]", "a\0b", "\0", "6B29FC40-CA47-1067-B31D-00DD010662DA",
    "6b29fc40ca471067b31d00dd010662da", "{6b29fc40-ca47-1067-b31d-00dd010662da}", "\\N", "\\.",
    "a\tb\nc\r", "é", "e\u0301", "🙂🙂🙂🙂🙂", "NULL", "\x7f\x01", "abcdef", "\\x41",
)  # fmt: skip
_INTEGERS = (
    0, 1, -1, 2, 255, 32767, 32768, -32769, 2**31-1, 2**31, -(2**31)-1, 2**53, 2**53 + 1, 2**62 + 1,
    2**63-1, -(2**63), 1598313600, 1627303906122, 1598313600123456, 635403600, 2459580, 20200102,
)  # fmt: skip
_REALS = (
    0.0, -0.0, 0.1, 0.1 + 0.2, 1.0, 1.5, 12.345, -2.5, 1e-40, 5e-324, 1.7976931348623157e308, 2.0**53,
    9.223372036854775807e18, float("inf"), float("-inf"), 1598313600.5, 2459580.5, 635403600.25,
    1727078780.123456, 1e15, 1e16, 123456789.123,
)  # fmt: skip
_BLOBS = (b"", b"\0", b"a", b"\xff\xfe", "é".encode(), b"12", bytes(range(16)), b"a\0b", b"\xed\xa0\x80")
_BAD_TEXTS = (b"\xff", b"file\x96name", b"a\xed\xa0\x80", b"ab\xe2\x82")


@dataclass(frozen=True)
class Bad:
    """A TEXT whose bytes are not UTF-8."""

    raw: bytes


Cell = int | float | str | bytes | Bad | None
_letters = st.characters(exclude_categories=["Cs", "Cc"])
_integers = st.one_of(st.sampled_from(_INTEGERS), st.integers(-(2**63), 2**63 - 1))
_reals = st.one_of(st.sampled_from(_REALS), st.floats(allow_nan=False))
_texts = st.one_of(st.sampled_from(_TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
_moments = st.datetimes().map(lambda d: d.isoformat(" "))
_small = st.integers(-300, 300)
_cents = st.integers(-(10**6), 10**6).map(lambda n: n / 100)
_words = st.sampled_from(("", "x", "abc", "12345"))
_truths = st.sampled_from((0, 1, "true", "f", 1.0))
_documents = st.sampled_from(("{}", "[1]", '{"a": {"b": [null, true, 1.10]}}', '"x"', '{"a": 1, "a": 2}'))
_zoned = st.tuples(_moments, st.sampled_from(("Z", "+00:00", "-03:30", ""))).map("".join)
_seconds = st.integers(-(10**9), 4 * 10**9)
_milliseconds = st.integers(10**12, 2 * 10**12)
_days = st.integers(2_400_000, 2_500_000).map(lambda n: n + 0.5)
_bytes = st.one_of(st.sampled_from(_BLOBS), st.binary(max_size=6))
_dates, _times, _uuids = st.dates().map(str), st.times().map(str), st.uuids().map(str)
_FITTING: dict[str, tuple[st.SearchStrategy[Any], ...]] = {
    "BOOL": (st.integers(0, 1), _truths),
    "BIT": (st.integers(0, 1),),
    "TINYINT(1)": (st.integers(0, 1),),
    "INT": (_integers, _small),
    "DATETIME": (_moments, _zoned, _seconds, _milliseconds, _days, _dates),
    "TIMESTAMP": (_moments, _zoned, _seconds, _milliseconds, _days, st.one_of(_moments, _seconds)),
    "DATE": (_dates, _moments),
    "TIME": (_times,),
    "JSON": (_documents,),
    "U": (_uuids, _uuids.map(str.upper)),
    "GUID": (_uuids, st.binary(min_size=16, max_size=16)),
    "DEC": (_cents, _small),
    "NUM": (_cents, st.integers(0, 1)),
    "REAL": (_reals, _cents),
    "FLOAT": (_reals,),
    "BLOB": (_bytes,),
}
_KINDS = (
    _integers, _small, _reals, _cents, _texts, _words, _truths, _moments, _zoned, _seconds, _milliseconds,
    _days, _bytes, _dates, _times, _uuids, _documents,
)  # fmt: skip
_anything: st.SearchStrategy[Any] = st.one_of(
    _integers, _reals, _texts, st.sampled_from(_BLOBS), st.sampled_from(_BAD_TEXTS).map(Bad), st.none()
)


@dataclass(frozen=True)
class AnyTable:
    """One table of a drawn schema: its SQL, its rows, and what the test must know of it."""

    name: str
    columns: tuple[str, ...]
    sql: str
    rows: tuple[tuple[Cell, ...], ...]
    without_rowid: bool


@dataclass(frozen=True)
class AnySchema:
    encoding: str
    tables: tuple[AnyTable, ...]

    def make(self, path: Path) -> None:
        """Writes the file. Rows that the table's own constraints refuse are not in it."""
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA encoding = '{self.encoding}'")
            for table in self.tables:
                connection.execute(table.sql)
                for row in table.rows:
                    marks = ", ".join("CAST(? AS TEXT)" if isinstance(cell, Bad) else "?" for cell in row)
                    cells = [cell.raw if isinstance(cell, Bad) else cell for cell in row]
                    with suppress(sqlite3.IntegrityError):
                        connection.execute(f"INSERT INTO {quoted(table.name)} VALUES ({marks})", cells)
            connection.commit()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@st.composite
def tables(draw: st.DrawFn, name: str, bad_texts: bool) -> AnyTable:
    strict = draw(st.integers(0, 7)) == 0
    names = draw(
        st.lists(
            st.one_of(st.sampled_from(NAMES), st.text(_letters, max_size=6)),
            min_size=2, max_size=7, unique_by=_folded,
        )
    )  # fmt: skip
    declared = [draw(st.sampled_from(_STRICT if strict else DECLARED)) for _ in names]
    key = draw(st.sampled_from(("", "", "row id", "row id", "autoincrement", "one", "several")))
    if key in ("row id", "autoincrement"):
        declared[0] = "INTEGER"
    without = key in ("one", "several") and draw(st.booleans())
    lines = []
    filled = []
    for i, (column, kind) in enumerate(zip(names, declared, strict=True)):
        keyed = _KEYS[key] if i == 0 else ""
        extra = draw(st.sampled_from(("", "", "", "NOT NULL", "UNIQUE", "COLLATE NOCASE")))
        default = ""
        if draw(st.integers(0, 3)) == 0 and not keyed.startswith("PRIMARY"):
            default = f"DEFAULT {draw(st.sampled_from(_DEFAULTS))}"
        lines.append(" ".join((quoted(column), kind, keyed, extra, default)))
        filled.append(bool(keyed) or extra == "NOT NULL")
    if key == "several":
        lines.append(
            f"PRIMARY KEY ({', '.join(quoted(column) for column in names[: draw(st.integers(1, 3))])})"
        )
    options = ", ".join(["STRICT"] * strict + ["WITHOUT ROWID"] * without)
    sql = f"CREATE TABLE {quoted(name)} ({', '.join(lines)}) {options}"
    wild = draw(st.booleans())
    values = [
        _values(draw(st.sampled_from(_likely(kind))), wild, never_null)
        for kind, never_null in zip(declared, filled, strict=True)
    ]
    if key in ("row id", "autoincrement"):
        values[0] = _integers
    many = draw(st.sampled_from((0, 3, 8, 12)))
    rows = draw(st.lists(st.tuples(*values), min_size=many, max_size=many))
    kept = tuple(row for row in rows if bad_texts or not any(isinstance(cell, Bad) for cell in row))
    return AnyTable(name, tuple(names), sql, kept, without)


@st.composite
def schemas(draw: st.DrawFn) -> AnySchema:
    encoding = draw(st.sampled_from(("UTF-8", "UTF-8", "UTF-8", "UTF-16le", "UTF-16be")))
    names = draw(st.lists(st.sampled_from(_TABLES), min_size=2, max_size=4, unique=True))
    return AnySchema(encoding, tuple(draw(tables(name, encoding == "UTF-8")) for name in names))


def _values(likely: st.SearchStrategy[Any], wild: bool, filled: bool) -> st.SearchStrategy[Any]:
    kinds = [likely] * 5 + ([] if filled else [st.none()]) + ([_anything] if wild else [])
    return st.one_of(*kinds)


def _likely(declared: str) -> tuple[st.SearchStrategy[Any], ...]:
    """Mostly what a column so declared holds, and at times what none does."""
    fitting = next((kinds for word, kinds in _FITTING.items() if declared.startswith(word)), ())
    return fitting * (len(_KINDS) // (len(fitting) or 1)) * 2 + _KINDS


def _folded(name: str) -> str:
    """SQLite tells names apart but for the case of ASCII letters."""
    return "".join(c.lower() if c.isascii() else c for c in name)
