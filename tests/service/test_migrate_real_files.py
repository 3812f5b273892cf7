"""Real databases that nobody here wrote: each arrives with every value, or is refused in plain words."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ops.errors import GigopsError
from ops.settings import Source
from ops.values import DatabaseUrl
from tests.service.migrating import migrate, unequal_tables

DATA = Path(__file__).parents[2] / "../shared/data"
FILES = sorted((DATA / "sqlite").glob("*.db"))
GIGCHAIN = sorted((DATA / "gigchain").glob("*.db"))


@pytest.mark.skipif(not FILES, reason="the real databases are not beside this clone")
def test_every_real_database_arrives_with_every_value_or_is_refused(database: DatabaseUrl) -> None:
    wrong, refused, rows = [], [], 0
    for path in FILES:
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        try:
            done = migrate(database, Source(path, schema=path.stem), on_misfit="widen", into=True)
        except GigopsError as error:
            refused.append(f"{path.name}: {error.message} ({error.hint})")
            continue
        rows += done.comparison.rows
        wrong += [f"{path.name}: {each}" for each in done.comparison.first]
        wrong += [f"{path.name}: {each}" for each in unequal_tables(path, database, done.migration)]
        if not done.comparison.complete:
            wrong.append(f"{path.name}: {[c for c in done.comparison.schema if c.missing]} {done.notes}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != before:
            wrong.append(f"{path.name} changed")
    print(f"{len(FILES)} databases, {rows} rows, {len(refused)} refused: {refused}")
    assert wrong == []
    assert refused == []


@pytest.mark.skipif(not GIGCHAIN, reason="the application's databases are not beside this clone")
def test_the_applications_three_files_merge_into_one_database(database: DatabaseUrl) -> None:
    done = migrate(database, *GIGCHAIN)
    assert (len(done.comparison.tables), done.comparison.rows) == (26, 37_059)
    assert done.comparison.equal and done.comparison.complete
    for path in GIGCHAIN:
        assert unequal_tables(path, database, done.migration, path) == []
    counted = {count.name: count.present for count in done.comparison.schema}
    assert counted["primary keys"] == 26 and counted["foreign keys"] == 9 and counted["unique"] == 11
