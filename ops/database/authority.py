"""Who says which database is meant: the `.env` file as it is now, else the process's environment."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from ops.database.environment import Meant, meant, names_a_database
from ops.errors import NotReady

_Mark = tuple[int, int, int, int, int]


class Authority:
    """Reads the file again whenever it changed; a look costs one stat.

    The file counts from the moment it names a database, and from then on for good: a process that loaded
    its `.env` into its environment would otherwise never see the way back. A file that is gone or empty
    is being replaced, so what it said before still counts.
    """

    def __init__(self, env_file: Path | None, sqlite_path: Path | None, environ: Mapping[str, str]) -> None:
        self._file, self._sqlite_path, self._environ = env_file, sqlite_path, environ
        self._lock = threading.Lock()
        self._seen: _Mark | None = None
        self._file_counts = False
        self._meant: Meant | None = None

    def look(self) -> Meant:
        """Which database is meant now. Raises UsageError when the variables do not say, NotReady when the
        file cannot be read."""
        mark = self._mark()
        known = self._meant
        if known is not None and (mark == self._seen or mark is None):
            return known
        with self._lock:
            while True:
                variables = self._read() if mark else {}
                again = self._mark()
                if again == mark:
                    break
                mark = again
            self._file_counts = self._file_counts or names_a_database(variables)
            self._meant = meant(variables if self._file_counts else self._environ, self._sqlite_path)
            self._seen = mark
            return self._meant

    def _mark(self) -> _Mark | None:
        """What tells one state of the file from another; None when there is nothing to read."""
        if self._file is None:
            return None
        try:
            found = os.stat(self._file)  # noqa: PTH116 -- it runs before every statement
        except OSError:
            return None
        if not found.st_size:
            return None
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def _read(self) -> dict[str, str]:
        from dotenv import dotenv_values

        if self._file is None:
            return {}
        try:
            text = self._file.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise NotReady(f"`{self._file}` cannot be read: {reason}", hint="gigops doctor") from None
        values = dotenv_values(stream=io.StringIO(text), interpolate=False)
        return {key: value or "" for key, value in values.items()}
