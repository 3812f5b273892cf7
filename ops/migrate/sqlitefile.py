"""Opens a SQLite file for reading only, tells one that cannot be read in plain words, and knows its state."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from ops.errors import NotReady, SourceError
from ops.migrate.beside import beside, logs_ahead
from ops.migrate.strangers import introduced

_MAGIC = b"SQLite format 3\x00"


def check_header(path: Path) -> None:
    """Raises SourceError when `path` is missing, unreadable or plainly not a SQLite file."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        raise SourceError(
            f"there is no file `{path}`",
            hint="check the path; gigops init finds the SQLite files of a folder",
        ) from None
    except IsADirectoryError:
        raise SourceError(f"`{path}` is a folder, not a SQLite file", hint="name the file in it") from None
    except PermissionError:
        raise SourceError(f"`{path}` may not be read by this user", hint=f"chmod u+r '{path}'") from None
    except OSError as error:
        raise SourceError(f"`{path}` cannot be read: {error.strerror}") from None
    if head and not head.startswith(_MAGIC):
        raise SourceError(
            f"`{path}` is not a SQLite file, or it is encrypted",
            hint="if it is encrypted (SQLCipher), write it out in the clear first: sqlcipher_export",
        )


def uri(path: Path) -> str:
    """A read-only URI of the file.

    A WAL file that nobody has open would get `-wal` and `-shm` files beside it from a mere reader, so
    it is opened as immutable; `fingerprint` before and after tells if somebody came meanwhile.
    """
    with path.open("rb") as file:
        head = file.read(20)
    asleep = head[18:20] == b"\x02\x02" and not logs_ahead(path)
    return f"file:{quote(str(path.absolute()))}?mode=ro" + ("&immutable=1" if asleep else "")


@contextmanager
def reading(path: Path, *, whole: bool = False) -> Iterator[sqlite3.Connection]:
    """A read-only connection in autocommit; sqlite3's errors leave it as errors gigops can explain.

    With `whole` the file's pages are checked first.
    """
    check_header(path)
    address = uri(path)

    def opening() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=5, isolation_level=None)
        connection.text_factory = _lenient
        return connection

    try:
        connection = introduced(opening, path)
        try:
            if whole:
                check_pages(connection, path)
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise explained(path, str(error)) from error


def explained(path: Path, text: str) -> SourceError | NotReady:
    """The error of gigops for SQLite's `text` about `path`."""
    if "not a database" in text or "encrypted" in text:
        return SourceError(
            f"`{path}` is not a SQLite file, or it is encrypted",
            hint="if it is encrypted (SQLCipher), write it out in the clear first: sqlcipher_export",
        )
    if "malformed" in text or "corrupt" in text:
        return corrupt(path, text)
    if "locked" in text or "busy" in text:
        return SourceError(
            f"`{path}` is locked by another program, so it cannot be read",
            hint=f"see who holds it: fuser -v '{path}'",
        )
    if "disk is full" in text or "disk full" in text:
        return NotReady(f"the disk is full while reading `{path}`", hint="free some space and run it again")
    if "unable to open" in text or "readonly" in text:
        return SourceError(
            f"`{path}` cannot be opened for reading: {text}",
            hint="if a -wal or -journal file lies beside it, start the application once so that it recovers",
        )
    return SourceError(f"`{path}` cannot be read: {text}")


def corrupt(path: Path, text: str) -> SourceError:
    return SourceError(
        f"`{path}` is damaged: {text.splitlines()[0]}",
        hint=f"save what can be saved: sqlite3 '{path}' .recover | sqlite3 repaired.db",
    )


def fingerprint(path: Path) -> str:
    """A text that changes when the file's content may have changed. Not for a file that this process
    has open: closing it here would drop SQLite's locks on it."""
    parts: list[object] = []
    for file, start, length in ((path, 24, 4), (beside(path, "-wal"), 0, 32)):
        if file.exists():
            state = file.stat()
            with file.open("rb") as stream:
                stream.seek(start)
                parts.append([state.st_size, state.st_mtime_ns, stream.read(length).hex()])
    return json.dumps(parts)


def origin_file(copy: Path) -> Path:
    """Where a snapshot says which file it was taken of, and in which state."""
    return copy.with_name(copy.name + ".origin.json")


def identity(path: Path) -> tuple[Path, str]:
    """The file the rows come from and its fingerprint: of a snapshot, those of its original."""
    note = origin_file(path)
    if note.exists():
        known = json.loads(note.read_text())
        return Path(known["path"]), str(known["fingerprint"])
    check_header(path)
    return path.resolve(), fingerprint(path)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def check_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Raises SourceError when SQLite finds the file damaged."""
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "no such collation" in str(error) or "no such module" in str(error):
            return
        raise
    # NULL in a NOT NULL column and a failed CHECK are the data's matter, not damage.
    if found and found[0] != "ok" and not found[0].startswith(("NULL value in", "CHECK constraint")):
        raise corrupt(path, str(found[0]))


def _lenient(raw: bytes) -> str:
    """Text for names and examples; the rows themselves never pass through here."""
    return raw.decode("utf-8", "replace")
