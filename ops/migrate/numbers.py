"""What the numbers of a column look like, counted: only where the declared type asks for it.

The words counted are `bits` (reals that are 0 or 1), `whole` (reals that are whole numbers of 64 bits), and
for columns of dates the names of `epochs.WINDOWS`, `astray` (outside the years 1 to 9999 in the one unit
that was hit) and `inexact` (reals with digits below a microsecond in it).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from ops.migrate.epochs import WINDOWS
from ops.migrate.model import Table
from ops.migrate.moments import HIGHEST, LOWEST, ORIGINS, SCALES
from ops.migrate.sqlitefile import quoted


def count_reals(connection: sqlite3.Connection, table: Table, column: str) -> Mapping[str, int]:
    """`bits` and `whole`."""
    c = quoted(column)
    # 2^63 itself is a real that no 64-bit integer is.
    whole = f"{c} >= -9223372036854775808.0 AND {c} < 9223372036854775808.0 AND {c} = CAST({c} AS INTEGER)"
    return _count(connection, table, {
        "bits": f"typeof({c}) = 'real' AND {c} IN (0.0, 1.0)",
        "whole": f"typeof({c}) = 'real' AND {whole}",
    })  # fmt: skip


def count_epochs(connection: sqlite3.Connection, table: Table, column: str, epoch: str) -> Mapping[str, int]:
    """Which units the numbers may count, and how they fit the one that was hit (`epoch`, if it is said)."""
    c = quoted(column)
    number = f"typeof({c}) IN ('integer', 'real')"
    found = dict(_count(connection, table, {
        name: f"{number} AND {c} BETWEEN {low} AND {high}" for name, (low, high) in WINDOWS.items()
    }))  # fmt: skip
    hit = [epoch] if epoch else [name for name in found if found[name]]
    if len(hit) == 1:
        low, high, inexact = _of_unit(c, hit[0])
        found |= _count(connection, table, {
            "astray": f"{number} AND NOT {c} BETWEEN {low} AND {high}",
            "inexact": f"typeof({c}) = 'real' AND {inexact}",
        })  # fmt: skip
    return found


def _of_unit(c: str, epoch: str) -> tuple[str, str, str]:
    """The lowest and the highest number of the years 1 to 9999, and the condition of an inexact real."""
    if epoch == "julian":
        return "1721425.5", "5373484.49999", f"{c} <> CAST({c} * 86400000.0 + 0.5 AS INTEGER) / 86400000.0"
    if epoch == "unix_ns":
        return str(-(2**63)), str(2**63 - 1), f"{c} <> CAST({c} / 1e3 AS INTEGER) * 1e3"
    scale, origin = SCALES[epoch], ORIGINS.get(epoch, 0)
    micros = f"round({c} * {float(scale)!r})"
    exact = f"{micros} / {float(scale)!r}"
    return str((LOWEST - origin) // scale + 1), str((HIGHEST - origin) // scale), f"{c} <> {exact}"


def _count(connection: sqlite3.Connection, table: Table, conditions: Mapping[str, str]) -> Mapping[str, int]:
    sums = ", ".join(f"sum({condition})" for condition in conditions.values())
    found = connection.execute(f"SELECT {sums} FROM {quoted(table.name)}").fetchone()
    return {name: count or 0 for name, count in zip(conditions, found, strict=True)}
