"""Rows without their parent: kept, rejected with all that hangs on them, or their reference made NULL."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.errors import Refused
from ops.values import DatabaseUrl
from tests.service.migrating import make, query
from tests.service.rejecting import compare, lines, migrate

FAMILY = """
CREATE TABLE p (id INTEGER PRIMARY KEY, v TEXT);
CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p, up INTEGER REFERENCES c);
CREATE TABLE d (c INTEGER NOT NULL REFERENCES c, n TEXT, PRIMARY KEY (c, n)) WITHOUT ROWID;
INSERT INTO p VALUES (1, 'fine'), (2, 'a' || char(0));
INSERT INTO c VALUES (1, 1, NULL), (2, 2, 1), (3, 99, NULL), (4, 1, 2), (5, NULL, 4), (6, 1, 6), (7, 99, 1);
INSERT INTO d VALUES (1, 'a'), (2, 'b'), (5, 'c'), (6, 'd');
"""


def keys(url: DatabaseUrl) -> list[tuple[int, bool]]:
    sql = "SELECT 1, convalidated FROM pg_constraint WHERE contype = 'f' ORDER BY conname"
    return query(url, sql)  # type: ignore[return-value]


def test_a_rejected_row_takes_along_all_that_hangs_on_it(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", FAMILY)
    with pytest.raises(Refused, match="8 rows cannot be carried") as refused:
        migrate(database, path, on_orphan="reject", allow_rejects=7)
    assert "c.p: 3 x no parent in p" in refused.value.details
    done = migrate(database, path, on_orphan="reject", allow_rejects=8)
    assert query(database, "SELECT id FROM c ORDER BY id") == [(1,), (6,)]
    assert query(database, "SELECT c FROM d ORDER BY c") == [(1,), (6,)]
    assert [line["key"] for line in lines(path, "d")] == [{"c": 2, "n": "b"}, {"c": 5, "n": "c"}]
    assert keys(database) == [(1, True)] * 3, "every foreign key is proved"
    assert done.comparison and done.comparison.equal and done.comparison.complete
    assert compare(database, path).equal


def test_a_reference_to_nobody_becomes_null_where_the_user_wants_that(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", FAMILY)
    done = migrate(database, path, on_orphan="null", allow_rejects=1)
    assert query(database, "SELECT id, p, up FROM c ORDER BY id") == [
        (1, 1, None), (2, None, 1), (3, None, None), (4, 1, 2), (5, None, 4), (6, 1, 6), (7, None, 1),
    ]  # fmt: skip
    assert keys(database) == [(1, True)] * 3
    assert done.comparison and done.comparison.equal and compare(database, path).equal
    said = "c(p) REFERENCES p: 3 rows have no parent (2): it is NULL there"
    assert said in [str(note) for note in done.notes]


def test_a_reference_that_may_not_be_null_is_refused_before_anything_is_made(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", FAMILY + "INSERT INTO d VALUES (77, 'x');")
    with pytest.raises(
        Refused, match=r"1 rows of `d` in `a.db` have no parent in `c`, and `c` may not be NULL"
    ):
        migrate(database, path, on_orphan="null", allow_rejects=1)
    assert query(database, "SELECT to_regclass('d')") == [(None,)]


def test_orphans_are_kept_by_default_and_those_of_rejected_parents_are_told(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", FAMILY)
    done = migrate(database, path, allow_rejects=1)
    assert query(database, "SELECT count(*) FROM c") == [(7,)]
    assert sorted(valid for _, valid in keys(database)) == [False, True, True]
    assert any("3 rows have no parent (2): kept" in str(note) for note in done.notes)
    assert done.comparison and done.comparison.equal


def test_keyless_children_and_composite_keys_follow_their_parents(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE p (a TEXT, b INTEGER, v JSON, PRIMARY KEY (a, b)) WITHOUT ROWID;"
        "CREATE TABLE c (a TEXT, b INTEGER, FOREIGN KEY (a, b) REFERENCES p (a, b) ON DELETE SET NULL);"
        "INSERT INTO p VALUES ('x', 1, '{}'), ('x', 2, 'bad');"
        "INSERT INTO c VALUES ('x', 1), ('x', 2), ('x', NULL), (NULL, 5), ('y', 1), ('x', 1);",
    )
    nulled = migrate(database, path, on_orphan="null", allow_rejects=1, schema="nulled")
    assert nulled.comparison and nulled.comparison.equal
    assert query(database, "SELECT count(*), count(a), count(b) FROM nulled.c") == [(6, 3, 3)]
    done = migrate(database, path, on_orphan="reject", allow_rejects=3, schema="rejected")
    assert [line["row"] for line in lines(path, "rejected.c")] == [{"a": "x", "b": 2}, {"a": "y", "b": 1}]
    assert done.comparison and done.comparison.equal and done.comparison.complete
