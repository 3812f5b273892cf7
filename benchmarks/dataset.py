"""Builds the SQLite file that the migration is measured with: four tables, five indexes, a foreign key."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY, email VARCHAR(120) NOT NULL UNIQUE, name TEXT NOT NULL,
    is_active BOOLEAN NOT NULL DEFAULT 1, created_at DATETIME NOT NULL, balance DECIMAL(12,2)
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users(id),
    kind TEXT NOT NULL, at DATETIME NOT NULL, amount REAL, payload TEXT
);
CREATE TABLE metrics (
    series TEXT NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (series, at)
) WITHOUT ROWID;
CREATE TABLE files (id TEXT PRIMARY KEY, name TEXT NOT NULL, size INTEGER, body BLOB);
"""
_COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO "
_ROWS = {
    "users": """SELECT i, 'user' || i || '@example.org', 'Name ' || hex(i * 2654435761), i % 2,
        datetime(1600000000 + i * 61, 'unixepoch'), round((i * 7919 % 1000000) / 100.0, 2) FROM n""",
    "events": """SELECT i, 1 + (i * 7919 % {users}), 'kind-' || (i % 20),
        datetime(1700000000 + i, 'unixepoch') || '.' || printf('%06d', i % 1000000),
        CASE i % 3 WHEN 0 THEN NULL ELSE i * 0.1 END,
        '{{"ref": ' || i || ', "note": "' || hex(randomblob(12)) || '"}}' FROM n""",
    "metrics": "SELECT 'series-' || (i % 500), 1700000000 + i, i * 0.37 FROM n",
    "files": """SELECT lower(hex(randomblob(16))), 'file-' || i || '.bin', i * 13,
        randomblob(100 + i % 200) FROM n""",
}
_SHARES = {"users": 0.10, "events": 0.60, "metrics": 0.25, "files": 0.05}
_INDEXES = """
CREATE INDEX events_user ON events(user_id);
CREATE INDEX events_at ON events(at DESC);
CREATE INDEX events_kind ON events(kind, at);
CREATE INDEX files_name ON files(name);
CREATE INDEX users_created ON users(created_at);
"""


def build(path: Path, rows: int) -> None:
    """A file of `rows` rows altogether; 2 million weigh about 320 MB."""
    counts = {table: max(1, int(rows * share)) for table, share in _SHARES.items()}
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        for table, select in _ROWS.items():
            connection.execute(f"{_COUNT}{table} {select.format(users=counts['users'])}", (counts[table],))
        connection.executescript(_INDEXES)
        connection.commit()
        connection.execute("PRAGMA journal_mode = DELETE")
