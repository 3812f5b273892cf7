"""What is found in an application's folder, and what is left aside and why."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from ops.discover import look, named_in
from ops.discover.starts import compose, procfile, unit
from ops.discover.walk import Walk

NO_UNITS = Path("/nonexistent")


def database(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    return path


def names(paths: object) -> list[str]:
    return [getattr(p, "path", p).name for p in paths]  # type: ignore[attr-defined]


def test_sqlite_files_are_told_by_their_header_not_by_their_name(tmp_path: Path) -> None:
    database(tmp_path / "data/store.bin")
    (tmp_path / "encrypted.db").write_bytes(b"\x93" * 4096)
    (tmp_path / "empty.sqlite3").touch()
    (tmp_path / "notes.txt").write_text("SQLite format 3")
    found = look(tmp_path, NO_UNITS)
    assert names(found.databases) == ["store.bin"]
    assert names(found.others) == ["encrypted.db"]
    assert names(found.empty) == ["empty.sqlite3"]


def test_places_that_hold_no_application_data_are_not_looked_into(tmp_path: Path) -> None:
    for folder in (".git", "node_modules/x", ".venv", ".gigops", "__pycache__", "myenv"):
        database(tmp_path / folder / "a.db")
    (tmp_path / "myenv/pyvenv.cfg").touch()
    assert look(tmp_path, NO_UNITS).databases == ()


def test_too_deep_is_not_looked_at(tmp_path: Path) -> None:
    database(tmp_path / "1/2/3/4/seen.db")
    database(tmp_path / "1/2/3/4/5/unseen.db")
    assert names(look(tmp_path, NO_UNITS).databases) == ["seen.db"]


def test_links_are_not_followed_but_a_linked_database_is_shown(tmp_path: Path) -> None:
    outside = database(tmp_path / "outside/app.db")
    app = tmp_path / "app"
    app.mkdir()
    (app / "app.db").symlink_to(outside)
    (app / "folder").symlink_to(outside.parent)
    (app / "round").symlink_to(app)
    found = look(app, NO_UNITS)
    assert found.databases == () and names(found.links) == ["app.db"]


@pytest.mark.parametrize(
    "name",
    ["app.db.bak", "app.db.old", "app.bak.db", "app.db~", "copy of app.db", "app_copy.db", "backups/app.db"],
)
def test_copies_are_doubted(tmp_path: Path, name: str) -> None:
    database(tmp_path / name)
    database(tmp_path / "app.db")
    assert [
        bool(d.doubt)
        for d in look(tmp_path, NO_UNITS).databases
        if d.path.name != "app.db" or d.path.parent != tmp_path
    ] == [True]


@pytest.mark.parametrize(
    "name", ["app.db", "backup_manager.db", "old_faithful.db", "templates.db", "bold.db"]
)
def test_names_that_only_sound_like_copies_are_not(tmp_path: Path, name: str) -> None:
    database(tmp_path / name)
    assert look(tmp_path, NO_UNITS).databases[0].doubt == ""


def test_a_write_ahead_log_is_seen(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "app.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    assert look(tmp_path, NO_UNITS).databases[0].wal
    connection.close()
    assert not look(tmp_path, NO_UNITS).databases[0].wal


def test_env_files_are_found_and_samples_and_kept_ones_are_not(tmp_path: Path) -> None:
    for name in (
        ".env",
        ".env.production",
        ".env.example",
        ".env.sample",
        ".env.gigops-20260101T000000Z",
        ".env.gate",
    ):
        (tmp_path / name).touch()
    assert names(look(tmp_path, NO_UNITS).env_files) == [".env", ".env.production"]


def test_pipes_and_locked_folders_are_survived(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.db")
    (tmp_path / "locked").mkdir(mode=0)
    found = look(tmp_path, NO_UNITS)
    assert found.databases == ()
    if os.geteuid() != 0:
        assert names(found.unread) == ["locked"]


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    found = look(tmp_path, NO_UNITS)
    assert (found.databases, found.starts, found.env_files) == ((), (), ())
    assert list(Walk(tmp_path / "missing").files()) == []


def test_databases_that_the_env_file_names_elsewhere_are_found(tmp_path: Path) -> None:
    far = database(tmp_path / "var/lib/app data.db")
    values = {
        "DATABASE_URL": f"sqlite:///{far}?mode=rw",
        "OTHER": f"sqlite+aiosqlite:///{far.parent}/missing.db",
        "CACHE": "var/lib/app data.db",
        "SECRET": "x.db\0",
    }
    assert [d.path for d in named_in(values, tmp_path)] == [far]


def test_compose_takes_the_services_that_are_built_here(tmp_path: Path) -> None:
    text = "services:\n  web: {build: .}\n  worker: {build: .}\n  db: {image: 'postgres:16'}\n"
    found = compose(text, tmp_path / "compose.yaml", tmp_path)
    assert found and found.names == ("web", "worker")
    assert found.stop == "docker compose stop web worker"
    assert found.start == "docker compose up -d --no-deps --force-recreate web worker"


def test_compose_without_a_build_leaves_databases_and_proxies_out(tmp_path: Path) -> None:
    text = (
        "services:\n  a b: {image: 'ghcr.io/x/shop@sha256:0'}\n  p: {image: 'nginx:1'}\n  r: {image: redis}\n"
    )
    found = compose(text, tmp_path / "deploy/docker-compose.yml", tmp_path)
    assert found and found.stop == "docker compose -f deploy/docker-compose.yml stop 'a b'"


@pytest.mark.parametrize(
    "text", ["", "a: [", "services: []", "- x", "services: {db: {image: postgres}}", "x: !reset 1"]
)
def test_a_compose_file_without_an_application_says_nothing(tmp_path: Path, text: str) -> None:
    assert compose(text, tmp_path / "compose.yaml", tmp_path) is None


def test_an_installed_unit_counts_when_it_works_in_this_folder(tmp_path: Path) -> None:
    app, units = tmp_path / "app", tmp_path / "units"
    app.mkdir()
    units.mkdir()
    (units / "shop.service").write_text(f"[Unit]\n[Service]\nWorkingDirectory = {app}\nExecStart=/bin/x\n")
    (units / "env.service").write_text(f"[Service]\nEnvironmentFile=-{app}/.env\n")
    (units / "other.service").write_text(f"[Service]\nWorkingDirectory={app}-two\n")
    (units / "many@.service").write_text(f"[Service]\nWorkingDirectory={app}\n")
    (app / "compose.yaml").write_text("services: {web: {build: .}}\n")
    (app / "Procfile").write_text("web: gunicorn\n")
    found = look(app, units).starts
    assert [(s.kind, s.names) for s in found] == [
        ("systemd", ("env",)), ("systemd", ("shop",)), ("compose", ("web",)), ("procfile", ("web",)),
    ]  # fmt: skip
    assert found[1].stop == "systemctl stop shop"


def test_a_unit_in_the_folder_and_a_procfile(tmp_path: Path) -> None:
    found = unit("[Service]\nExecStart=/x\n", tmp_path / "shop.service", None)
    assert found and found.start == "systemctl start shop"
    assert unit("[Timer]\n", tmp_path / "shop.service", None) is None
    processes = procfile("# x\nweb: gunicorn app\nworker: rq\n", tmp_path / "Procfile")
    assert processes and (processes.names, processes.stop) == (("web", "worker"), "")
