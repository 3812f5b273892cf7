"""Compares the row counts of a restored copy with those the manifest recorded."""

from __future__ import annotations

from collections.abc import Iterable

from ops.backup.manifest import TableRows
from ops.errors import VerificationFailed


def differences(wanted: Iterable[TableRows], found: Iterable[TableRows]) -> list[str]:
    """One line for each table that is missing, unexpected, or has another number of rows."""
    before = {(t.space, t.table): t.rows for t in wanted}
    now = {(t.space, t.table): t.rows for t in found}
    lines = [f"`{s}.{t}` is missing" for s, t in before.keys() - now.keys()]
    lines += [f"`{s}.{t}` is not in the manifest" for s, t in now.keys() - before.keys()]
    lines += [
        f"`{s}.{t}` has {now[s, t]} rows instead of {before[s, t]}"
        for s, t in before.keys() & now.keys()
        if now[s, t] != before[s, t]
    ]
    return sorted(lines)


def must_be_equal(wanted: Iterable[TableRows], found: Iterable[TableRows]) -> None:
    """Raises VerificationFailed with the first differences."""
    lines = differences(wanted, found)
    if lines:
        more = f" and {len(lines) - 3} more" if len(lines) > 3 else ""
        raise VerificationFailed(
            f"the restored copy differs from the manifest: {'; '.join(lines[:3])}{more}",
            hint="take another backup: gigops backup list",
        )
