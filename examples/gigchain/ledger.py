"""Holds the traffic's list of acknowledged writes against the database, without anything of gigops.

python -m examples.gigchain.ledger ledger.jsonl --env .env --folder .
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from examples.gigchain.schema import STARTING_BALANCE


@dataclass(frozen=True)
class Kind:
    """Where the writes of one kind end up."""

    file: str
    table: str
    key: str


KINDS = {
    "metric": Kind("analytics.db", "metrics", "id"),
    "contract": Kind("admin.db", "contracts", "contract_id"),
    "transaction": Kind("admin.db", "wallet_transactions", "transaction_id"),
    "session": Kind("wcsap_auth.db", "auth_sessions", "session_id"),
}

_BALANCES = f"""
    SELECT count(*) FROM wallets w WHERE balance <> {STARTING_BALANCE} + (
        SELECT coalesce(sum(amount), 0) FROM wallet_transactions t WHERE t.wallet_id = w.wallet_id
    )
"""

Rows = dict[str, list[dict[str, Any]]]
"""The traffic's rows of each kind."""


@dataclass(frozen=True)
class Verdict:
    """`unknown` are writes that were neither acknowledged nor refused; they may be there or not.
    `uncalled` are rows that nobody knows to have sent, `unbalanced` wallets that do not add up."""

    acknowledged: int
    lost: tuple[str, ...]
    twice: tuple[str, ...]
    different: tuple[str, ...]
    uncalled: tuple[str, ...]
    unknown: int
    unbalanced: int

    @property
    def intact(self) -> bool:
        return not (self.lost or self.twice or self.different or self.uncalled or self.unbalanced)

    def __str__(self) -> str:
        parts = {
            "lost": self.lost, "twice": self.twice, "different": self.different, "uncalled": self.uncalled,
        }  # fmt: skip
        bad = [f"{len(found)} {name} ({', '.join(found[:3])})" for name, found in parts.items() if found]
        bad += [f"{self.unbalanced} wallets do not add up"] if self.unbalanced else []
        return f"{self.acknowledged} acknowledged writes: " + (", ".join(bad) or "each is there, once, equal")


def check(ledger: Path, env_file: Path, folder: Path) -> Verdict:
    """Compares with the database that `env_file` names now: PostgreSQL, or the files in `folder`."""
    entries = read(ledger)
    variables = dotenv_values(env_file, interpolate=False)
    if variables.get("DATABASE_TYPE") == "postgresql":
        rows, unbalanced = from_postgresql(str(variables["DATABASE_URL"]))
    else:
        rows, unbalanced = from_sqlite(folder)
    return compare(entries, rows, unbalanced)


def read(ledger: Path) -> list[dict[str, Any]]:
    """The lines; a last one without its end was never finished, and never counted as written."""
    text = ledger.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def compare(entries: Sequence[Mapping[str, Any]], rows: Rows, unbalanced: int) -> Verdict:
    acknowledged = [entry for entry in entries if "id" in entry]
    unknown = {entry["token"] for entry in entries if "unknown" in entry}
    found = {(kind, row["token"]): row for kind in KINDS for row in rows[kind]}
    times = Counter((kind, row["token"]) for kind in KINDS for row in rows[kind])
    lost, different = [], []
    for entry in acknowledged:
        row = found.get((entry["kind"], entry["token"]))
        wanted = {KINDS[entry["kind"]].key: entry["id"], **entry["values"]}
        if row is None:
            lost.append(entry["token"])
        elif any(row[name] != value for name, value in wanted.items()):
            different.append(entry["token"])
    known = {(entry["kind"], entry["token"]) for entry in acknowledged}
    return Verdict(
        acknowledged=len(acknowledged),
        lost=tuple(lost),
        twice=tuple(token for (_, token), count in times.items() if count > 1),
        different=tuple(different),
        uncalled=tuple(t for kind, t in found if (kind, t) not in known and t not in unknown),
        unknown=len(unknown),
        unbalanced=unbalanced,
    )


def from_postgresql(url: str) -> tuple[Rows, int]:
    import psycopg2
    from psycopg2.extras import RealDictCursor

    rows: Rows = {}
    with closing(psycopg2.connect(url)) as connection:
        for name, kind in KINDS.items():
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(_rows_of(kind))
                rows[name] = [dict(row) for row in cursor.fetchall()]
        with connection.cursor() as cursor:
            cursor.execute(_BALANCES)
            [unbalanced] = cursor.fetchone() or (0,)
    return rows, int(unbalanced)


def from_sqlite(folder: Path) -> tuple[Rows, int]:
    rows: Rows = {}
    unbalanced = 0
    for name, kind in KINDS.items():
        with closing(sqlite3.connect(f"file:{folder / kind.file}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            rows[name] = [dict(row) for row in connection.execute(_rows_of(kind))]
            if kind.table == "wallet_transactions":
                [unbalanced] = connection.execute(_BALANCES).fetchone()
    return rows, int(unbalanced)


def _rows_of(kind: Kind) -> str:
    return f"SELECT * FROM {kind.table} WHERE token NOT LIKE 'seed-%'"


def main() -> None:
    words = argparse.ArgumentParser(description="compare the traffic's ledger with the database")
    words.add_argument("ledger", type=Path)
    words.add_argument("--env", type=Path, default=Path(".env"))
    words.add_argument("--folder", type=Path, default=Path())
    given = words.parse_args()
    verdict = check(given.ledger, given.env, given.folder)
    print(verdict)
    sys.exit(0 if verdict.intact else 1)


if __name__ == "__main__":
    main()
