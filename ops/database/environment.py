"""Which database is meant: a pure function over the environment's variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from ops.errors import UsageError
from ops.values import DatabaseUrl, Secret

KEYS = (
    *("DATABASE_TYPE", "DATABASE_URL", "POSTGRES_URL", "POSTGRESQL_URL"),
    *("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"),
)
_TYPES = {
    **dict.fromkeys(("sqlite", "sqlite3"), "sqlite"),
    **dict.fromkeys(("postgresql", "postgres", "pg", "psql"), "postgresql"),
}


@dataclass(frozen=True)
class Sqlite:
    """A SQLite file."""

    path: Path


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL database."""

    url: DatabaseUrl


Meant = Sqlite | Postgres


def names_a_database(variables: Mapping[str, str]) -> bool:
    return any(variables.get(key) for key in KEYS)


def meant(variables: Mapping[str, str], sqlite_path: Path | None) -> Meant:
    """DATABASE_TYPE decides; without it DATABASE_URL does, then POSTGRES_URL, POSTGRESQL_URL, DB_HOST and
    DB_NAME, and at last `sqlite_path`. `sqlite_path` goes before a SQLite URL: an application with three
    files has three paths and one URL. An empty value counts as none.

    Raises UsageError when no database is named, or half of one; its text repeats no URL.
    """
    kind = _kind(variables.get("DATABASE_TYPE", ""))
    if kind == "sqlite":
        return _sqlite(variables, sqlite_path)
    address = _postgres_url(variables)
    if address is not None and (kind or not _is_sqlite_url(variables.get("DATABASE_URL", ""))):
        return Postgres(address)
    if kind:
        raise UsageError(
            "DATABASE_TYPE is postgresql, and no PostgreSQL is named",
            hint="set DATABASE_URL=postgresql://user:password@host:5432/database",
        )
    return _sqlite(variables, sqlite_path)


def _kind(text: str) -> str:
    word = text.strip().lower()
    if word and word not in _TYPES:
        raise UsageError(f"DATABASE_TYPE is `{text}`", hint="write sqlite or postgresql")
    return _TYPES.get(word, "")


def _postgres_url(variables: Mapping[str, str]) -> DatabaseUrl | None:
    url = variables.get("DATABASE_URL", "")
    texts = ["" if _is_sqlite_url(url) else url]
    texts += [variables.get(key, "") for key in ("POSTGRES_URL", "POSTGRESQL_URL")]
    text = next((text for text in texts if text), "")
    if text:
        return DatabaseUrl.parse(text)
    host, name = variables.get("DB_HOST", ""), variables.get("DB_NAME", "")
    if not host or not name:
        return None
    port = variables.get("DB_PORT", "") or "5432"
    if not port.isdigit():
        raise UsageError(f"DB_PORT is `{port}`", hint="write a number, such as 5432")
    password = variables.get("DB_PASSWORD", "")
    return DatabaseUrl(
        host, int(port), name, variables.get("DB_USER", ""), Secret(password) if password else None
    )


def _sqlite(variables: Mapping[str, str], sqlite_path: Path | None) -> Sqlite:
    url = variables.get("DATABASE_URL", "")
    if sqlite_path is None and _is_sqlite_url(url):
        # sqlite:///relative.db and sqlite:////absolute.db, as SQLAlchemy writes them.
        sqlite_path = Path(unquote(url.split(":", 1)[1].split("?")[0]).removeprefix("///"))
    if sqlite_path is None or sqlite_path == Path():
        raise UsageError(
            "no database is named: DATABASE_URL is not set and no SQLite path was given",
            hint="set DATABASE_URL in .env, or write DatabaseManager('app.db')",
        )
    if sqlite_path.name == ":memory:":
        raise UsageError(
            "`:memory:` is another database for every connection", hint="use a file in a temporary folder"
        )
    return Sqlite(sqlite_path)


def _is_sqlite_url(text: str) -> bool:
    return text.lower().startswith("sqlite:")
