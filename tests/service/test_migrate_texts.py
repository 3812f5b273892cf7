"""Every text that PostgreSQL could not hold is found, wherever in the file it stands."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ops.migrate import texts
from ops.migrate.catalog import read_schema
from ops.migrate.profile import profile_table
from ops.migrate.sqlitefile import reading

KEYS = {
    "dense": ("INTEGER PRIMARY KEY", "", lambda i: i - 40),
    "sparse": ("INTEGER PRIMARY KEY", "", lambda i: i * 10**15 - 5 * 10**16),
    "no row ids": ("TEXT PRIMARY KEY", "WITHOUT ROWID", lambda i: f"k{i:03}"),
}


@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("rows_at_once", [1, 7, 20_000])
def test_nul_bytes_and_bytes_that_are_no_text_are_counted_exactly(
    keys: str, rows_at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "_ROWS_AT_ONCE", rows_at_once)
    declared, ending, key = KEYS[keys]
    # The cut character of row 6 is completed by the stray byte of row 7: each is wrong all the same.
    odd = {
        6: b"caf\xc3",
        7: b"\xa9!",
        13: b"a\0b",
        14: b"\0",
        50: b"\xed\xa0\x80",
        51: b"\xff\0",
        99: b"\x96",
    }
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        connection.execute(f"CREATE TABLE t (k {declared}, v TEXT, w, x BLOB) {ending}")
        for i in range(100):
            raw = odd.get(i, "é🙂 plain".encode() if i % 3 else b"plain")
            insert = "INSERT INTO t VALUES (?, CAST(? AS TEXT), ?, ?)"
            mixed = [None, 5, 2.5, "ü", b"\xff\0"][i % 5]
            connection.execute(insert, (key(i), raw, mixed, b"\xff\0"))
    with reading(tmp_path / "a.db") as connection:
        (table,) = read_schema(connection, tmp_path / "a.db").tables
        profile = profile_table(connection, table, "UTF-8")
    found = {name: (seen.nul_texts, seen.bad_texts) for name, seen in profile.columns.items()}
    assert found == {"k": (0, 0), "v": (3, 5), "w": (0, 0), "x": (0, 0)}


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_a_lone_surrogate_of_a_utf16_file_is_found(encoding: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute("CREATE TABLE t (v TEXT)")
        for text in ("fine", "ü🙂", "a\0b", "a\ud800b"):
            raw = text.encode(encoding, "surrogatepass")
            connection.execute(f"INSERT INTO t VALUES (CAST(x'{raw.hex()}' AS TEXT))")
    with reading(tmp_path / "a.db") as connection:
        schema = read_schema(connection, tmp_path / "a.db")
        profile = profile_table(connection, schema.tables[0], schema.encoding)
    assert (profile.columns["v"].nul_texts, profile.columns["v"].bad_texts) == (1, 1)
