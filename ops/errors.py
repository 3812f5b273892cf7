"""The error tree: each error says what happened, what helps, and which exit code it means."""

from __future__ import annotations


class GigopsError(Exception):
    """Anything gigops can explain.

    `message` names what and where, in one sentence without a full stop; `hint` is the command or the
    change that helps; `details` are lines that list more. None ever holds a secret. `exit_code` is what
    the process ends with (the table stands in docs/exit-codes.md).
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details


class UsageError(GigopsError):
    """The words on the command line, or gigops.yaml, are not ones gigops can follow."""

    exit_code = 2


class SourceError(GigopsError):
    """A SQLite file is missing, locked, encrypted, corrupt or not SQLite at all."""


class NotReady(GigopsError):
    """Something outside (a server, a port, a tool, disk space) is not as the step needs it."""


class Partly(GigopsError):
    """The main thing is done, and a part that can be repeated is not."""

    exit_code = 3


class TurnedBack(GigopsError):
    """A run failed inside its window and went home: the application is on SQLite again."""

    exit_code = 4


class Missing(GigopsError):
    """A named thing (backup, bucket, server, run) does not exist."""

    exit_code = 10


class Busy(GigopsError):
    """Another gigops run holds the lock."""

    exit_code = 11


class VerificationFailed(GigopsError):
    """Two sides that must be equal are not."""

    exit_code = 13


class VersionSkew(GigopsError):
    """A client and a server are of versions that do not work together."""

    exit_code = 14


class Refused(GigopsError):
    """A safety rule forbids it: going on could lose data."""

    exit_code = 16


class Interrupted(GigopsError):
    """Ctrl-C or SIGTERM; `signal_number` is which."""

    def __init__(self, message: str, *, signal_number: int = 2, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_code = 128 + signal_number
