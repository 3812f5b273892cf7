"""The service's data access: one `DatabaseManager` a file, and not a word about which database it is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops.database import DatabaseManager, Row, integrity_errors


class Conflict(Exception):
    """A write that the tables do not allow: its token was used before, or it names nobody."""


@contextmanager
def _conflicts() -> Iterator[None]:
    try:
        yield
    except integrity_errors() as error:
        raise Conflict("it exists already, or names what does not") from error


class Store:
    """All that the routes may ask of the data. `folder` holds the SQLite files, `env_file` says where the
    data is now."""

    def __init__(self, folder: Path, env_file: Path) -> None:
        self.analytics = DatabaseManager(folder / "analytics.db", env_file=env_file)
        self.admin = DatabaseManager(folder / "admin.db", env_file=env_file)
        self.auth = DatabaseManager(folder / "wcsap_auth.db", env_file=env_file)

    def health(self) -> str:
        """The database in use; raises when one of the three cannot be read."""
        for manager in (self.analytics, self.admin, self.auth):
            manager.execute_query("SELECT 1 AS one")
        return self.admin.dialect

    @_conflicts()
    def add_metric(self, token: str, metric_type: str, value: float, user_id: str | None) -> int:
        """Notes a measurement, and counts it in the bucket of its minute."""
        now = datetime.now(UTC)
        with self.analytics.transaction() as transaction:
            [row] = transaction.execute_query(
                "INSERT INTO metrics (metric_type, value, user_id, token, timestamp) VALUES (?, ?, ?, ?, ?) "
                "RETURNING id",
                (metric_type, value, user_id, token, now),
            )
            transaction.execute_update(
                "INSERT INTO realtime_metrics (metric_type, bucket, seen, total) VALUES (?, ?, 1, ?) "
                "ON CONFLICT (metric_type, bucket) DO UPDATE SET "
                "seen = realtime_metrics.seen + 1, total = realtime_metrics.total + excluded.total",
                (metric_type, int(now.timestamp()) // 60, value),
            )
        return int(row["id"])

    @_conflicts()
    def add_contract(self, token: str, client: str, freelancer: str, title: str, amount: float) -> int:
        [row] = self.admin.execute_query(
            "INSERT INTO contracts (client_id, freelancer_id, title, amount, token) VALUES (?, ?, ?, ?, ?) "
            "RETURNING contract_id",
            (client, freelancer, title, amount, token),
        )
        return int(row["contract_id"])

    @_conflicts()
    def add_wallet_transaction(self, token: str, wallet: str, amount: float) -> int | None:
        """Moves `amount` in or out; the id, or None when there is no such wallet."""
        with self.admin.transaction() as transaction:
            changed = transaction.execute_update(
                "UPDATE wallets SET balance = balance + ? WHERE wallet_id = ?", (amount, wallet)
            )
            if not changed:
                return None
            [row] = transaction.execute_query(
                "INSERT INTO wallet_transactions (wallet_id, type, amount, token) VALUES (?, ?, ?, ?) "
                "RETURNING transaction_id",
                (wallet, "credit" if amount > 0 else "debit", amount, token),
            )
        return int(row["transaction_id"])

    @_conflicts()
    def add_session(self, token: str, wallet_address: str) -> int:
        """A challenge, its session and the event, together."""
        now = int(time.time())
        with self.auth.transaction() as transaction:
            transaction.execute_update(
                "INSERT INTO challenges (challenge_id, wallet_address, nonce, issued_at, expires_at, status) "
                "VALUES (?, ?, ?, ?, ?, 'used')",
                (token, wallet_address, os.urandom(32), now, now + 300),
            )
            [row] = transaction.execute_query(
                "INSERT INTO auth_sessions (challenge_id, wallet_address, token, issued_at, expires_at) "
                "VALUES (?, ?, ?, ?, ?) RETURNING session_id",
                (token, wallet_address, token, now, now + 86_400),
            )
            transaction.execute_update(
                "INSERT INTO auth_events (session_id, event_type) VALUES (?, 'login')", (row["session_id"],)
            )
        return int(row["session_id"])

    def metric(self, number: int) -> Row | None:
        return _one(self.analytics, "SELECT * FROM metrics WHERE id = ?", number)

    def contract(self, number: int) -> Row | None:
        return _one(self.admin, "SELECT * FROM contracts WHERE contract_id = ?", number)

    def wallet_transaction(self, number: int) -> Row | None:
        return _one(self.admin, "SELECT * FROM wallet_transactions WHERE transaction_id = ?", number)

    def session(self, number: int) -> Row | None:
        return _one(self.auth, "SELECT * FROM auth_sessions WHERE session_id = ?", number)

    def wallet(self, wallet: str) -> Row | None:
        return _one(
            self.admin,
            "SELECT w.wallet_id, w.balance, w.currency, u.username FROM wallets w "
            "JOIN users u ON u.user_id = w.user_id WHERE w.wallet_id = ?",
            wallet,
        )

    def metrics_by_type(self) -> list[Row]:
        return self.analytics.execute_query(
            "SELECT metric_type, sum(seen) AS seen, sum(total) AS total FROM realtime_metrics "
            "GROUP BY metric_type ORDER BY metric_type"
        )

    def close(self) -> None:
        for manager in (self.analytics, self.admin, self.auth):
            manager.close()


def _one(manager: DatabaseManager, sql: str, key: Any) -> Row | None:
    rows = manager.execute_query(sql, (key,))
    return rows[0] if rows else None
