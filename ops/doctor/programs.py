"""Verdicts over what is installed: Python, the two database libraries, PostgreSQL's programs, Docker."""

from __future__ import annotations

from collections.abc import Sequence

from ops.doctor.check import Check, fail, ok, warn

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 37)
OLDEST_LIBPQ = 10

_CLIENTS = "apt-get install postgresql-client, or pip install 'gigops[embedded]'"


def python(version: Sequence[int], executable: str) -> Check:
    text = ".".join(map(str, version[:3]))
    if tuple(version[:2]) < OLDEST_PYTHON:
        return fail("Python", f"{text} is too old", "use Python 3.11 or newer")
    return ok("Python", f"{text} ({executable})")


def sqlite(version: str) -> Check:
    """3.37 (2021) knows STRICT tables and `PRAGMA table_list`, which tells tables from their shadows."""
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_SQLITE:
        return fail("SQLite library", f"{version} is too old", "use a Python built with SQLite 3.37 or newer")
    return ok("SQLite library", version)


def libpq(psycopg2: str, number: int) -> Check:
    """Before libpq 10 there is no SCRAM, so no login at the servers gigops makes."""
    said = f"{psycopg2.split()[0]}, libpq {number // 10000}.{number % 10000}"
    if number // 10000 < OLDEST_LIBPQ:
        return fail("psycopg2", f"{said} cannot do SCRAM", "pip install --upgrade psycopg2-binary")
    return ok("psycopg2", said)


def server(found: str, trouble: str, provider: str) -> Check:
    """`found` is the version and folder of the programs a server would be made with, else empty."""
    if found:
        return ok("PostgreSQL server", found)
    fix = "apt-get install postgresql, or pip install 'gigops[embedded]'"
    if provider == "embedded":
        return fail("PostgreSQL server", trouble, fix)
    return ok("PostgreSQL server", f"no programs here, and `{provider}` needs none")


def clients(found: Sequence[str]) -> Check:
    if not found:
        return warn("pg_dump, pg_restore", "not found, so no backup of PostgreSQL", _CLIENTS)
    return ok("pg_dump, pg_restore", ", ".join(found))


def docker(version: str, trouble: str, provider: str) -> Check:
    if version:
        return ok("Docker", f"engine {version}")
    if provider == "docker":
        return fail("Docker", trouble, "start it: systemctl start docker; or take --provider embedded")
    return warn("Docker", f"no engine answers; `{provider}` works without", "start it for --provider docker")
