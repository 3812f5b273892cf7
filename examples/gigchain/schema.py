"""The service's tables in three SQLite files, and 30,000 rows that are the same every time."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FILES = ("analytics.db", "admin.db", "wcsap_auth.db")
STARTING_BALANCE = 100.0
USERS = WALLETS = 1000

# `token` names a write uniquely, so that a client's list of what was acknowledged can be held against the
# database. Amounts are quarters: their sums are exact in any order.
SCHEMAS = {
    "analytics.db": """
        CREATE TABLE metrics (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            metric_type TEXT NOT NULL,
            value REAL NOT NULL,
            user_id TEXT,
            metadata TEXT,
            token TEXT NOT NULL UNIQUE,
            timestamp TEXT NOT NULL,
            created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
        );
        CREATE INDEX metrics_by_type ON metrics (metric_type, timestamp);
        CREATE TABLE user_activity (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            user_id TEXT NOT NULL,
            activity_type TEXT NOT NULL CHECK (activity_type IN ('login', 'view', 'sign', 'pay')),
            payload BLOB,
            timestamp TEXT NOT NULL
        );
        CREATE TABLE realtime_metrics (
            metric_type TEXT NOT NULL,
            bucket INTEGER NOT NULL,
            seen INTEGER NOT NULL DEFAULT 0,
            total REAL NOT NULL DEFAULT 0.0,
            PRIMARY KEY (metric_type, bucket)
        ) WITHOUT ROWID;
    """,
    "admin.db": """
        CREATE TABLE users (
            user_id TEXT PRIMARY KEY NOT NULL,
            wallet_address VARCHAR(42) NOT NULL UNIQUE,
            username TEXT NOT NULL,
            email TEXT UNIQUE,
            status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked')),
            reputation INTEGER NOT NULL DEFAULT 0,
            avatar BLOB,
            created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
        );
        CREATE TABLE contracts (
            contract_id INTEGER PRIMARY KEY AUTOINCREMENT,
            client_id TEXT NOT NULL REFERENCES users (user_id),
            freelancer_id TEXT NOT NULL REFERENCES users (user_id),
            title TEXT NOT NULL,
            amount REAL NOT NULL CHECK (amount > 0),
            status TEXT NOT NULL DEFAULT 'open',
            token TEXT NOT NULL UNIQUE,
            created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
        );
        CREATE INDEX contracts_by_client ON contracts (client_id, status);
        CREATE TABLE wallets (
            wallet_id TEXT PRIMARY KEY NOT NULL,
            user_id TEXT NOT NULL REFERENCES users (user_id),
            name TEXT NOT NULL DEFAULT 'main',
            balance REAL NOT NULL DEFAULT 0.0,
            currency TEXT NOT NULL DEFAULT 'GIG',
            UNIQUE (user_id, name)
        );
        CREATE TABLE wallet_transactions (
            transaction_id INTEGER PRIMARY KEY AUTOINCREMENT,
            wallet_id TEXT NOT NULL REFERENCES wallets (wallet_id) ON DELETE CASCADE,
            type TEXT NOT NULL CHECK (type IN ('credit', 'debit')),
            amount REAL NOT NULL,
            description TEXT,
            token TEXT NOT NULL UNIQUE,
            created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
        );
        CREATE INDEX wallet_transactions_by_wallet ON wallet_transactions (wallet_id);
    """,
    "wcsap_auth.db": """
        CREATE TABLE challenges (
            challenge_id TEXT PRIMARY KEY NOT NULL,
            wallet_address TEXT NOT NULL,
            nonce BLOB NOT NULL,
            issued_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            status TEXT NOT NULL DEFAULT 'pending'
        );
        CREATE TABLE auth_sessions (
            session_id INTEGER PRIMARY KEY AUTOINCREMENT,
            challenge_id TEXT NOT NULL REFERENCES challenges (challenge_id),
            wallet_address TEXT NOT NULL,
            token TEXT NOT NULL UNIQUE,
            issued_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            CHECK (expires_at > issued_at)
        );
        CREATE TABLE auth_events (
            event_id INTEGER PRIMARY KEY AUTOINCREMENT,
            session_id INTEGER REFERENCES auth_sessions (session_id) ON DELETE SET NULL,
            event_type TEXT NOT NULL,
            success INTEGER NOT NULL DEFAULT 1 CHECK (success IN (0, 1)),
            created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
        );
    """,
}


def create(folder: Path) -> int:
    """Makes the three files in `folder`, which has none of them yet; returns how many rows they hold."""
    rows = 0
    chance = random.Random(20260501)
    for file in FILES:
        with closing(sqlite3.connect(folder / file)) as connection, connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.executescript(SCHEMAS[file])
            for table, values in _SEEDS[file](chance):
                marks = ", ".join("?" * len(values))
                columns = ", ".join(values)
                connection.execute(
                    f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values())
                )
                rows += 1
            if file == "admin.db":
                connection.execute(_BALANCES, (STARTING_BALANCE,))
    return rows


_BALANCES = """
    UPDATE wallets SET balance = ? + (
        SELECT coalesce(sum(amount), 0) FROM wallet_transactions t WHERE t.wallet_id = wallets.wallet_id
    )
"""

Seed = Iterator[tuple[str, dict[str, Any]]]


def _analytics(chance: random.Random) -> Seed:
    kinds = ("page_view", "contract_value", "response_ms", "señal")
    for n in range(10_000):
        yield "metrics", {
            "metric_type": chance.choice(kinds), "value": chance.uniform(-1e6, 1e6),
            "user_id": _user(chance) if n % 5 else None, "metadata": f'{{"n": {n}, "from": "seed"}}',
            "token": f"seed-{n}", "timestamp": _moment(chance), "created_at": _moment(chance),
        }  # fmt: skip
    for n in range(4000):
        yield "user_activity", {
            "user_id": _user(chance), "activity_type": chance.choice(("login", "view", "sign", "pay")),
            "payload": chance.randbytes(n % 60) if n % 3 else None, "timestamp": _moment(chance),
        }  # fmt: skip
    for n in range(600):
        yield "realtime_metrics", {
            "metric_type": kinds[n % 4], "bucket": n // 4, "seen": n, "total": n / 4,
        }  # fmt: skip


def _admin(chance: random.Random) -> Seed:
    for n in range(USERS):
        yield "users", {
            "user_id": f"u{n}", "wallet_address": f"0x{n:040x}", "username": f"Ñandú {n} 🐘",
            "email": f"u{n}@gigchain.example" if n % 7 else None, "reputation": chance.randrange(-5, 100),
            "avatar": chance.randbytes(120) if n % 4 else None, "created_at": _moment(chance),
        }  # fmt: skip
    for n in range(2500):
        yield "contracts", {
            "client_id": _user(chance), "freelancer_id": _user(chance), "title": f"Job {n}: it's \"done\"",
            "amount": chance.randrange(1, 40_000) / 4, "status": chance.choice(("open", "paid")),
            "token": f"seed-{n}", "created_at": _moment(chance),
        }  # fmt: skip
    for n in range(WALLETS):
        yield "wallets", {"wallet_id": f"w{n}", "user_id": f"u{n}"}
    for n in range(4000):
        kind = chance.choice(("credit", "debit"))
        amount = chance.randrange(1, 4000) / 4
        yield "wallet_transactions", {
            "wallet_id": f"w{chance.randrange(WALLETS)}", "type": kind,
            "amount": amount if kind == "credit" else -amount, "description": None if n % 9 else "",
            "token": f"seed-{n}", "created_at": _moment(chance),
        }  # fmt: skip


def _auth(chance: random.Random) -> Seed:
    begin = 1_750_000_000
    for n in range(2400):
        yield "challenges", {
            "challenge_id": f"seed-{n}", "wallet_address": f"0x{n:040x}", "nonce": chance.randbytes(32),
            "issued_at": begin + n, "expires_at": begin + n + 300,
        }  # fmt: skip
    for n in range(2000):
        yield "auth_sessions", {
            "challenge_id": f"seed-{n}", "wallet_address": f"0x{n:040x}", "token": f"seed-{n}",
            "issued_at": begin + n, "expires_at": begin + n + 86_400,
        }  # fmt: skip
    for n in range(2500):
        yield "auth_events", {
            "session_id": chance.randrange(1, 2001) if n % 6 else None, "event_type": "login",
            "success": int(n % 10 > 0), "created_at": _moment(chance),
        }  # fmt: skip


def _user(chance: random.Random) -> str:
    return f"u{chance.randrange(USERS)}"


def _moment(chance: random.Random) -> str:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    return f"{begin + timedelta(seconds=chance.randrange(10_000_000)):%Y-%m-%d %H:%M:%S}"


_SEEDS = {"analytics.db": _analytics, "admin.db": _admin, "wcsap_auth.db": _auth}
