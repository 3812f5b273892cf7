"""The library applications import: one way to talk to SQLite or PostgreSQL, chosen by the environment.

from ops.database import DatabaseManager

db = DatabaseManager("app.db", env_file=".env")
db.execute_query("SELECT name FROM users WHERE id = ?", (1,))
with db.transaction() as transaction:
    transaction.execute_update("UPDATE users SET name = ? WHERE id = ?", ("Ana", 1))
"""

from ops.database.errors import DatabaseMoved, integrity_errors
from ops.database.manager import DatabaseManager
from ops.database.transaction import Row, Transaction

__all__ = ["DatabaseManager", "DatabaseMoved", "Row", "Transaction", "integrity_errors"]
