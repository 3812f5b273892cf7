"""A cutover killed with SIGKILL at every line of its journal, before, within and after it: run again, it
is complete or fully on SQLite, and every write that somebody was told is stored is still there."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.playbook.runs import Runs
from ops.playbook.state import Kind
from ops.settings import App, Backup, Cutover, Settings, Source, Target
from ops.values import DatabaseUrl, Duration
from tests.journey.killed import Death, When, cutover

ENV = b"# the application's\r\nDATABASE_TYPE=sqlite\r\nSECRET='keep me'\r\nDATABASE_URL=sqlite:///a.db"
HOUR = 3600.0
LINES = 30
"""The lines of an undisturbed journal; `test_an_undisturbed_cutover…` says so when it changes."""


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["ops.wiring.playbooks", "ops.migrate.copy", "ops.migrate.verify", "ops.wiring.backup", "psycopg2"]
    )
    return context


@pytest.fixture
def settings(tmp_path: Path, database: DatabaseUrl) -> Settings:
    for name in ("a.db", "b.db"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.executescript(
                f"CREATE TABLE {name[0]}_people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
                f"CREATE TABLE {name[0]}_notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT,"
                f" person INTEGER REFERENCES {name[0]}_people(id));"
                f"INSERT INTO {name[0]}_people VALUES (1, 'Ana'), (2, 'Böb');"
                f"INSERT INTO {name[0]}_notes (body, person) VALUES ('x', 1), (NULL, 2);"
            )
    env_file = tmp_path / ".env"
    env_file.write_bytes(ENV)
    env_file.chmod(0o640)
    return Settings(
        root=tmp_path,
        app=App("journey", env_file, reload="date +%s%N >> reloads"),
        sources=(Source(tmp_path / "a.db"), Source(tmp_path / "b.db")),
        target=Target(provider="url", url=database),
        backup=Backup(to=str(tmp_path / "backups")),
        cutover=Cutover(Duration(600.0), Duration(5.0)),
    )


def _run(
    processes: ForkServerContext, settings: Settings, death: Death | None = None, ahead: float = 0.0
) -> int:
    process = processes.Process(target=cutover, args=(settings, death, ahead))
    process.start()
    process.join(120)
    assert process.exitcode is not None, "the cutover hangs"
    return process.exitcode


def _someone_writes(settings: Settings, names: Iterator[str]) -> list[str]:
    """An application that ignores everything writes to SQLite; what it was told is stored."""
    stored = []
    for source in settings.sources:
        name = next(names)
        with closing(sqlite3.connect(source.path, timeout=1)) as connection:
            try:
                with connection:
                    connection.execute(f"INSERT INTO {source.path.stem}_people (name) VALUES (?)", (name,))
            except sqlite3.Error:
                continue
        stored.append(name)
    return stored


def _names_in_postgresql(settings: Settings) -> set[str]:
    assert settings.target.url
    with closing(connect(settings.target.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name FROM a_people UNION ALL SELECT name FROM b_people")
        return {name for (name,) in cursor.fetchall()}


def _names_in_sqlite(settings: Settings) -> set[str]:
    found: set[str] = set()
    for source in settings.sources:
        with closing(sqlite3.connect(source.path)) as connection:
            rows = connection.execute(f"SELECT name FROM {source.path.stem}_people")
            found |= {name for (name,) in rows}
    return found


def _assert_whole(settings: Settings, code: int, stored: list[str]) -> None:
    env = settings.app.env_file.read_bytes()
    names = iter(f"afterwards {n}" for n in range(10))
    assert not settings.app.env_file.with_name(".env.gate").exists()
    if code == 0:
        assert b"DATABASE_TYPE=postgresql" in env
        assert set(stored) <= _names_in_postgresql(settings)
        assert _someone_writes(settings, names) == []
        with closing(connect(settings.target.url)) as connection, connection:  # type: ignore[arg-type]
            connection.cursor().execute("INSERT INTO a_people (name) VALUES ('on PostgreSQL')")
    else:
        assert code == 4
        assert env == ENV
        assert set(stored) <= _names_in_sqlite(settings)
        assert len(_someone_writes(settings, names)) == 2
    assert settings.app.env_file.stat().st_mode & 0o777 == 0o640


def test_an_undisturbed_cutover_writes_the_journal_that_the_deaths_are_counted_on(
    processes: ForkServerContext, settings: Settings
) -> None:
    assert _run(processes, settings) == 0
    _assert_whole(settings, 0, ["Ana", "Böb"])
    events = Runs(settings.state_dir / "runs").all("cutover")[0].journal.events()
    assert len(events) == LINES
    assert events[-1].kind is Kind.FINISHED


@pytest.mark.parametrize("again", ["at once", "after the window"])
@pytest.mark.parametrize("when", ["before", "within", "after"])
@pytest.mark.parametrize("line", range(LINES))
def test_killed_at_a_journal_line_and_run_again_it_is_whole(
    processes: ForkServerContext, settings: Settings, line: int, when: When, again: str
) -> None:
    stored = ["Ana", "Böb"]
    names = iter(f"late {n}" for n in range(100))
    assert _run(processes, settings, Death(line, when)) == -9
    stored += _someone_writes(settings, names)
    code = _run(processes, settings, ahead=0.0 if again == "at once" else HOUR)
    if again == "at once":
        assert code == 0
    _assert_whole(settings, code, stored)


def test_turned_back_and_tried_again_it_completes(processes: ForkServerContext, settings: Settings) -> None:
    broken = replace(settings, app=replace(settings.app, reload="exit 7"))
    assert _run(processes, broken) == 1
    assert _run(processes, settings) == 4
    stored = ["Ana", "Böb", *_someone_writes(settings, iter(["one", "two"]))]
    assert len(stored) == 4
    assert _run(processes, settings) == 0
    _assert_whole(settings, 0, stored)
    shutil.rmtree(settings.state_dir)
