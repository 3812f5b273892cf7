"""Each way in which migrations fail real users, as one case in a file beside this one (see case.py)."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from ops.database.connect import connect
from ops.errors import GigopsError, Interrupted
from ops.migrate.copy import copy_rows
from ops.migrate.run import Migrated
from ops.migrate.survey import survey
from ops.migrate.target import create_schema
from ops.settings import Source, Target
from ops.values import DatabaseUrl
from tests.cases import looking
from tests.cases.case import Case, Row, cases
from tests.service.migrating import QUIET, query
from tests.service.whole import move, set_aside

ALL = cases()
WANTED = {f"F{n}" for n in range(1, 36)} | {"also-31", "also-32", "also-38", "also-39"}
_ELSEWHERE = {"F35"}  # interruption and memory: test_migrate_again.py, test_migrate_killed.py


@dataclass
class Until:
    """A pace that ends at its `left`-th check."""

    left: int

    def check(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise Interrupted("stopped")


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.path.stem)
def test_a_case_of_the_research(case: Case, database: DatabaseUrl, tmp_path: Path) -> None:
    wrong = found_wrong(case, database, tmp_path)
    if case.known:
        assert wrong, f"{case.path.name} is met now: take its `known` away"
        pytest.xfail(case.known)
    assert not wrong, f"{case.path.name}: {case.title}\n\n" + "\n\n".join(wrong)


def test_every_failure_of_the_research_has_a_case() -> None:
    told = {failure for case in ALL for failure in case.failures}
    assert told - _ELSEWHERE == WANTED - _ELSEWHERE
    assert len({case.title for case in ALL}) == len(ALL), "each title says something of its own"
    print(f"{len(ALL)} cases of {len(told)} failures, {sum(bool(c.known) for c in ALL)} not met yet")


def found_wrong(case: Case, url: DatabaseUrl, folder: Path) -> list[str]:
    """Everything that is not as the case wants it."""
    if case.before:
        query(url, case.before)
    before = looking.tables(url)
    (folder / "files").mkdir()
    sources = case.sources(folder / "files")
    held = contents(folder / "files")
    try:
        if case.interrupted:
            _stopped(case, url, sources)
        done = move(url, sources, folder / "work", **case.target())
    except GigopsError as error:
        return _refused(case, error, sorted(looking.tables(url) - before))
    except psycopg2.Error as error:
        return [f"gigops crashed: {type(error).__name__}: {error}"]
    finally:
        assert contents(folder / "files") == held, "the sources were changed"
    if case.refused:
        return ["it was not refused; it told:\n" + (_noted(done) or "nothing")]
    assert done.comparison
    wrong = [] if done.comparison.equal else [f"gigops's own comparison: {done.comparison.first}"]
    wrong += [*_schema(case, url), *_rows(case, url), *_told(case, _noted(done))]
    return [*wrong, *_rejects(case, folder / "work"), *_behaviour(case, url)]


def _noted(done: Migrated) -> str:
    return "\n".join(map(str, done.notes))


def contents(folder: Path) -> dict[str, str]:
    """A digest of every file but `-shm`, which SQLite makes anew whenever it opens a WAL."""
    files = [path for path in folder.iterdir() if not path.name.endswith("-shm")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _stopped(case: Case, url: DatabaseUrl, sources: list[Source]) -> None:
    migration = survey(sources, Target(**case.target()))
    with closing(connect(url)) as connection:
        create_schema(migration, connection)
    with pytest.raises(Interrupted):
        copy_rows(migration, url, QUIET, Until(int(case.interrupted)))


def _refused(case: Case, error: GigopsError, left: list[str]) -> list[str]:
    said = f"{error.message} ({error.hint})"
    if not case.refused:
        return [f"it was refused: {said}"]
    wrong = [f"the refusal lacks “{each}”: {said}" for each in case.refused if not _holds(said, each)]
    return wrong + ([f"refused, but it made {left}"] if left else [])


def _schema(case: Case, url: DatabaseUrl) -> list[str]:
    wrong = []
    for table, wanted in case.types.items():
        there = looking.types(url, table)
        wrong += [
            f"{table}.{column} is {there.get(column, 'not there')}, wanted {kind}"
            for column, kind in wanted.items()
            if there.get(column) != kind
        ]
    for table, lines in case.schema.items():
        wrong += _differ(f"the schema of {table}", lines.strip().splitlines(), looking.schema(url, table))
    return wrong


def _rows(case: Case, url: DatabaseUrl) -> list[str]:
    wrong = []
    for table, rows in case.rows.items():
        wanted, there = Counter(tuple(row) for row in rows), looking.rows(url, table)
        if wanted != there:
            wrong += _differ(f"the rows of {table}", _listed(wanted), _listed(there))
    return wrong


def _told(case: Case, noted: str) -> list[str]:
    wrong = [
        f"no note holds “{each}”; there are:\n{noted}"
        for each in case.notes or ()
        if not any(_holds(note, each) for note in noted.split("\n"))
    ]
    if case.notes is not None and not case.notes and noted:
        wrong.append(f"nothing was to be told, but:\n{noted}")
    return wrong


def _rejects(case: Case, folder: Path) -> list[str]:
    there = {table: list(map(_line, rows)) for table, rows in set_aside(folder).items()}
    wrong = []
    for table, wanted in (case.rejects or {}).items():
        lines = there.pop(table, [])
        if len(wanted) != len(lines) or not all(any(_holds(line, each) for line in lines) for each in wanted):
            wrong += _differ(f"the rejects of {table}", list(wanted), lines)
    if there:
        wrong.append(f"rejects that nobody expected: {there}")
    return wrong


def _line(row: dict[str, Any]) -> str:
    """`key · columns · reason · the values there`."""
    names = list(dict.fromkeys(name for problem in row["problems"] for name in problem["columns"]))
    reasons = "; ".join(str(problem["reason"]) for problem in row["problems"])
    values = json.dumps([row["row"].get(name) for name in names], ensure_ascii=False)
    return f"{', '.join(map(str, row['key'].values()))} · {', '.join(names)} · {reasons} · {values}"


def _behaviour(case: Case, url: DatabaseUrl) -> list[str]:
    wrong = []
    for ask in case.asks:
        try:
            rows = looking.asked(url, ask["sql"])
        except psycopg2.Error as error:
            if error.pgcode != ask.get("fails"):
                wrong.append(f"{ask['sql']}: {error.pgcode} {error}")
            continue
        if "fails" in ask:
            wrong.append(f"{ask['sql']}: it was to fail with {ask['fails']}")
        elif rows != [tuple(row) for row in ask.get("gives", [])]:
            wrong += _differ(ask["sql"], _listed(tuple(row) for row in ask.get("gives", [])), _listed(rows))
    for place, wanted in case.next.items():
        table, column = place.rsplit(".", 1)
        number = looking.next_id(url, table, column)
        if number != int(wanted):
            wrong.append(f"the next {place} is {number}, wanted {wanted}")
    return wrong


def _holds(text: str, wanted: str) -> bool:
    return (
        re.search(".*".join(re.escape(piece.strip()) for piece in wanted.split("…")), text, re.DOTALL)
        is not None
    )


def _listed(rows: Iterable[Row] | Counter[Row]) -> list[str]:
    lines = rows.elements() if isinstance(rows, Counter) else rows
    return sorted(" | ".join("~" if value is None else value for value in row) for row in lines)


def _differ(what: str, wanted: list[str], there: list[str]) -> list[str]:
    lines = difflib.unified_diff(wanted, there, "wanted", "there", lineterm="", n=2)
    text = "\n".join(lines)
    return [f"{what}:\n{text}"] if text else []
