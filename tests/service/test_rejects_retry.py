"""Rejected rows are carried later, once each, when they fit; also when a run is killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ops.errors import Missing, Refused, UsageError
from ops.settings import TypeRule
from ops.values import DatabaseUrl
from tests.service.migrating import make, query
from tests.service.rejecting import compare, correct, lines, migrate, rejects, retry

UUIDS = ("6e9b3f2e-1c3a-4c56-9d4e-0123456789ab", "00000000-0000-4000-8000-000000000000")
SQL = f"""
CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE c (
    p INTEGER REFERENCES p, v TEXT, t DATETIME, u UUID, r REAL, b BLOB, j JSON, d DECIMAL(10, 3), f BOOLEAN
);
INSERT INTO p VALUES (1, 1), (2, 'two'), (9, 'nine');
INSERT INTO c VALUES (1, 'x', '2020-01-01 10:00:00', '{UUIDS[0]}', 0.5, x'00', '{{}}', 1.5, 1),
 (2, 'kind', '2021-01-01 10:00:00', '{UUIDS[1]}', -2.5e-300, x'ff00', '[1]', 2.125, 0);
"""


@pytest.fixture
def moved(database: DatabaseUrl, tmp_path: Path) -> Path:
    path = make(tmp_path / "a.db", SQL)
    migrate(database, path, on_orphan="reject", allow_rejects=3)
    assert len(lines(path, "p")) == 2 and len(lines(path, "c")) == 1
    return path


def test_corrected_rows_are_carried_once_with_every_value_and_their_children(
    moved: Path, database: DatabaseUrl
) -> None:
    tried = retry(database, moved)
    assert [(t.carried, len(t.left)) for t in tried] == [(0, 2), (0, 1)]
    assert tried[1].left[0].problems[0].reason.startswith("PostgreSQL: insert or update on table")
    correct(moved, "p", n=22)
    assert [t.carried for t in retry(database, moved, change=False)] == [2, 1], "a plan keeps nothing"
    assert query(database, "SELECT count(*) FROM p") == [(1,)]
    assert [t.carried for t in retry(database, moved)] == [2, 1], "the parent comes first"
    assert query(database, "SELECT id, n FROM p ORDER BY id") == [(1, 1), (2, 22), (9, 22)]
    assert query(
        database, "SELECT v, t::text, u::text, r::text, b::text, j::text, d::text, f FROM c WHERE p = 2"
    ) == [
        (
            "kind",
            "2021-01-01 10:00:00",
            "00000000-0000-4000-8000-000000000000",
            "-2.5e-300",
            "\\xff00",
            "[1]",
            "2.125",
            False,
        )
    ]
    assert [t.carried for t in retry(database, moved)] == [0, 0], "a second time finds nothing to do"
    assert all(line["carried"] for line in lines(moved, "p") + lines(moved, "c"))
    assert compare(database, moved).equal, "the corrected rows are no differences"
    assert query(database, "INSERT INTO p (n) VALUES (5) RETURNING id") == [(10,)]


def test_a_wider_column_or_a_rule_lets_rows_in_as_they_are(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT);"
        "INSERT INTO t VALUES (1, 'word', 'a'), (2, 5, 'a' || char(0) || 'b'), (3, 6, 'c');",
    )
    migrate(database, path, allow_rejects=2)
    query(database, "ALTER TABLE t ALTER n TYPE text")
    assert [t.carried for t in retry(database, path)] == [1]
    assert [t.carried for t in retry(database, path, rules=[TypeRule(column="t.s", nul="strip")])] == [1]
    assert query(database, "SELECT id, n, s FROM t ORDER BY id") == [
        (1, "word", "a"),
        (2, "5", "ab"),
        (3, "6", "c"),
    ]


def test_rows_that_an_existing_table_cannot_hold_are_carried_once_it_can(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, mood TEXT, n TEXT); INSERT INTO t VALUES (1, 'good', 'abc'),"
        " (2, 'odd', 'abc'), (3, 'bad', 'too long'), (4, NULL, 'fits');",
    )
    query(database, "CREATE TYPE mood AS ENUM ('good', 'bad')")
    query(
        database,
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood, n varchar(5) NOT NULL)",
    )
    done = migrate(database, path, tables="existing", on_misfit="reject", allow_rejects=2)
    assert done.comparison and done.comparison.equal
    assert [t.carried for t in retry(database, path)] == [0]
    query(database, "ALTER TYPE mood ADD VALUE 'odd'")
    query(database, "ALTER TABLE t ALTER n TYPE varchar(8)")
    assert [t.carried for t in retry(database, path)] == [2]
    assert query(database, "SELECT mood::text, n FROM t ORDER BY id") == [
        ("good", "abc"), ("odd", "abc"), ("bad", "too long"), (None, "fits"),
    ]  # fmt: skip
    assert query(database, "INSERT INTO t (n) VALUES ('x') RETURNING id") == [(5,)]


def test_numbers_go_on_above_the_rows_that_came(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 1), (2, 'two');",
    )
    migrate(database, path, allow_rejects=1)
    correct(path, "t", id=50, n=2)
    assert [t.carried for t in retry(database, path)] == [1]
    assert query(database, "INSERT INTO t (n) VALUES (3) RETURNING id") == [(51,)]
    found = compare(database, path)
    assert found.differences == 1 and found.first[0].key == "id = 51", (
        "the row that came is known, the new not"
    )


def test_a_row_that_meets_another_never_replaces_it(database: DatabaseUrl, moved: Path) -> None:
    correct(moved, "p", id=1, n=5)
    (first, _) = retry(database, moved)
    assert first.carried == 0 and "duplicate key" in first.left[0].problems[0].reason
    assert query(database, "SELECT id, n FROM p") == [(1, 1)]


def test_lines_that_nobody_can_read_are_named_and_nothing_is_written(
    database: DatabaseUrl, moved: Path
) -> None:
    file = rejects(moved).folder / rejects(moved).table("p").file
    whole = file.read_text()
    file.write_text(whole.replace("{", "(", 1))
    with pytest.raises(UsageError, match=r"line 1 of `.*p.jsonl`"):
        retry(database, moved)
    file.write_text(whole.replace('"n": "two"', '"n": {"is": 2}'))
    with pytest.raises(UsageError, match=r"line 1 .* is no value"):
        retry(database, moved)
    file.write_text(whole.replace('"n": "two"', '"m": 2'))
    assert "there is no column `m`" in retry(database, moved)[0].left[0].problems[0].reason
    file.write_text(whole.replace('"key": {"id": 2}', '"key": {"id": 77}'))
    (first, _) = retry(database, moved)
    assert "its key is none of this run's" in first.left[0].problems[0].reason
    assert query(database, "SELECT count(*) FROM p") == [(1,)]


def test_a_line_twice_is_a_row_once_and_a_line_taken_out_is_told(database: DatabaseUrl, moved: Path) -> None:
    query(database, "ALTER TABLE c DROP CONSTRAINT c_p_fkey; ALTER TABLE p DROP CONSTRAINT p_pkey CASCADE")
    correct(moved, "p", n=22)
    file = rejects(moved).folder / rejects(moved).table("p").file
    first = file.read_text().split("\n")[0]
    file.write_text(f"{first}\n\n{first}\n")
    tried = retry(database, moved)[0]
    assert (tried.carried, tried.gone, len(tried.left)) == (1, 1, 1)
    assert "another line with the same key" in tried.left[0].problems[0].reason
    assert query(database, "SELECT id FROM p ORDER BY id") == [(1,), (2,)]


def test_rows_of_a_copy_made_anew_are_not_tried_against_the_new_tables(
    database: DatabaseUrl, moved: Path
) -> None:
    old = rejects(moved)
    make(moved, "INSERT INTO p VALUES (3, 'three')")
    migrate(database, moved, on_orphan="reject", allow_rejects=4)
    assert rejects(moved).id > old.id and len(lines(moved, "p")) == 3
    from contextlib import closing

    from ops.database.connect import connect
    from ops.migrate.rejects.retry import retry as carry

    with closing(connect(database)) as connection, pytest.raises(Missing, match="knows nothing of run"):
        carry(old, connection, ())


def test_rows_carried_later_are_never_dropped_by_copying_anew(database: DatabaseUrl, moved: Path) -> None:
    correct(moved, "p", n=22)
    retry(database, moved)
    make(moved, "INSERT INTO p VALUES (3, 3)")
    with pytest.raises(Refused, match="copying anew would lose those rows"):
        migrate(database, moved, on_orphan="reject", allow_rejects=3)
    assert query(database, "SELECT count(*) FROM p") == [(3,)]


_KILLED = """
import os, signal, sys
from pathlib import Path
from ops.migrate.rejects import aside, folder, ledger, retry
from ops.migrate import run
from tests.service.rejecting import migrate, retry as carry
from ops.values import DatabaseUrl

def kill(*a, **k):
    os.kill(os.getpid(), signal.SIGKILL)

moment, path = sys.argv[1], Path(sys.argv[2])
if moment == "noted, no file":
    aside._write = kill
if moment == "one file of two":
    whole = folder.Run.write_rows
    def write(self, kept, rows, left=[1]):
        left or kill()
        left.pop()
        whole(self, kept, rows)
    folder.Run.write_rows = write
if moment == "files, no rows":
    run.copy_rows = kill
if moment == "carried, file not":
    folder.Run.write_rows = kill
url = DatabaseUrl.parse(os.environ["URL"])
if moment == "carried, file not":
    carry(url, path)
else:
    migrate(url, path, on_orphan="reject", allow_rejects=3)
"""


def killed(moment: str, path: Path, url: DatabaseUrl) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, moment, str(path)],
        env={**os.environ, "URL": url.reveal(), "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("moment", ["noted, no file", "one file of two", "files, no rows"])
def test_a_run_killed_while_setting_aside_goes_on_with_every_row_once(
    moment: str, database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", SQL)
    killed(moment, path, database)
    killed(moment, path, database) if moment == "files, no rows" else None
    if moment == "files, no rows":
        correct(path, "p", n=7)  # what people did meanwhile is kept
    done = migrate(database, path, on_orphan="reject", allow_rejects=3)
    assert done.comparison and done.comparison.equal
    assert (len(lines(path, "p")), len(lines(path, "c"))) == (2, 1)
    assert len(list((path.parent / "state" / "rejects").iterdir())) == 1, (
        "one run, however often it was killed"
    )
    assert query(database, "SELECT count(*), count(DISTINCT run) FROM _gigops.rejects") == [(3, 1)]
    if moment == "files, no rows":
        assert [t.carried for t in retry(database, path)] == [2, 1]


def test_a_retry_killed_before_its_file_is_written_carries_no_row_twice(
    database: DatabaseUrl, moved: Path
) -> None:
    correct(moved, "p", n=22)
    query(database, "ALTER TABLE c DROP CONSTRAINT IF EXISTS c_pkey")
    killed("carried, file not", moved, database)
    assert query(database, "SELECT count(*) FROM p") == [(3,)]
    assert not any("carried" in line for line in lines(moved, "p"))
    assert [t.carried for t in retry(database, moved)] == [0, 0]
    assert all(line["carried"] for line in lines(moved, "p") + lines(moved, "c"))
    assert query(database, "SELECT (SELECT count(*) FROM p), (SELECT count(*) FROM c)") == [(3, 2)]
