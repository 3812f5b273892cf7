"""pg_dump and pg_restore as streams: an end of stream that is only an end when the program succeeded."""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

from ops.clients import libpq, pgversions
from ops.clients.pgversions import Client
from ops.errors import NotReady, VerificationFailed, VersionSkew
from ops.values import DatabaseUrl, Secret, redact

_CHUNK = 1 << 20
_FIRST_WITH_TRANSACTION_TIMEOUT = 17


class InstalledPgTools:
    """`PgTools` with the programs found on this machine, in the order of `folders` (default: the usual)."""

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        self._folders = folders
        self._found: Sequence[Client] | None = None

    def versions(self, url: DatabaseUrl) -> Mapping[str, str]:
        server = _server_version(url)
        return {"server": server, "pg_dump": self._for_server(server).version}

    @contextmanager
    def dump(self, url: DatabaseUrl, *, snapshot: str = "") -> Iterator[BinaryIO]:
        client = self._for_server(_server_version(url))
        password = libpq.password_of(url)
        words = [
            str(client.folder / "pg_dump"),
            "--format=custom",
            "--no-password",
            "--lock-wait-timeout=60s",
            f"--dbname={libpq.conninfo(url)}",
        ]
        if snapshot:
            words.append(f"--snapshot={snapshot}")
        with libpq.access(password) as access, tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                env=dict(access.environment),
                pass_fds=access.descriptors,
                start_new_session=True,  # Ctrl-C is for gigops, which then ends pg_dump
            )
            try:
                yield io.BufferedReader(_DumpStream(process, said, password), _CHUNK)
            finally:
                _end(process)

    def restore(self, archive: BinaryIO, url: DatabaseUrl, *, options: Sequence[str] = ()) -> None:
        header = archive.read(16)
        needed = pgversions.needed_for(header)
        if not needed:
            raise VerificationFailed("this is no pg_dump archive in custom format")
        server = _server_version(url)
        client = self._for_archive(needed, server)
        # From 17 on pg_restore sets a parameter that older servers do not know; with --exit-on-error or
        # in one transaction that alone would end it, so there its errors are counted instead.
        tolerant = client.major >= _FIRST_WITH_TRANSACTION_TIMEOUT > pgversions.major(server)
        strict = [] if tolerant else ["--exit-on-error"]
        given = [o for o in options if not (tolerant and o == "--single-transaction")]
        words = [str(client.folder / "pg_restore"), "--format=custom", "--no-password", *strict, *given]
        words.append(f"--dbname={libpq.conninfo(url)}")
        password = libpq.password_of(url)
        with libpq.access(password) as access, tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env=dict(access.environment),
                pass_fds=access.descriptors,
                start_new_session=True,
            )
            try:
                _feed(process, header, archive)
                code = process.wait()
            finally:
                _end(process)
            if code and not (tolerant and _only_transaction_timeout(said)):
                text = _tail(said, password, lines=12)
                raise NotReady(
                    f"pg_restore {client.version} {_ended(code)} while filling `{url.database}`: {text}",
                    hint="the line after `error:` says what the server did not accept",
                )

    def _for_server(self, server: str) -> Client:
        client = pgversions.for_server(pgversions.major(server), self._clients())
        if client is None:
            raise self._skew(f"the server is PostgreSQL {server}", pgversions.major(server))
        return client

    def _for_archive(self, needed: int, server: str) -> Client:
        client = pgversions.for_archive(needed, pgversions.major(server), self._clients())
        if client is None:
            raise self._skew(f"the archive needs pg_restore {needed} or newer", needed)
        return client

    def _skew(self, what: str, wanted: int) -> VersionSkew:
        have = ", ".join(sorted({c.version for c in self._clients()})) or "none"
        return VersionSkew(
            f"{what}, and pg_dump and pg_restore on this machine are: {have}",
            hint=f"apt-get install postgresql-client-{wanted} (or newer)",
        )

    def _clients(self) -> Sequence[Client]:
        if self._found is None:
            folders = self._folders if self._folders is not None else pgversions.standard_folders()
            self._found = pgversions.installed(folders)
        return self._found


class _DumpStream(io.RawIOBase):
    """pg_dump's output. Its end is handed on only after pg_dump has exited with 0."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes], password: Secret | None) -> None:
        self._process, self._said, self._password = process, said, password

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        pipe = self._process.stdout
        assert pipe is not None
        count = pipe.readinto(buffer)  # type: ignore[attr-defined]
        if count:
            return int(count)
        code = self._process.wait()
        if code:
            text = _tail(self._said, self._password, lines=6)
            raise NotReady(
                f"pg_dump {_ended(code)} before the dump was complete: {text or 'it said nothing'}",
                hint="nothing was stored; run it again: gigops backup run",
            )
        return 0


def _server_version(url: DatabaseUrl) -> str:
    from ops.database.connect import connect

    connection = connect(url, application_name="gigops backup", autocommit=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            row = cursor.fetchone()
    finally:
        connection.close()
    return str(row[0]).split()[0] if row else ""


def _feed(process: subprocess.Popen[bytes], header: bytes, archive: BinaryIO) -> None:
    assert process.stdin is not None
    # pg_restore that gave up closes the pipe; why it did is in its exit code and its words
    with suppress(BrokenPipeError):
        process.stdin.write(header)
        while chunk := archive.read(_CHUNK):
            process.stdin.write(chunk)
    with suppress(BrokenPipeError):
        process.stdin.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Whoever stops reading ends the program too; one that does not obey is killed."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with suppress(BrokenPipeError):
                pipe.close()


def _tail(said: IO[bytes], password: Secret | None, *, lines: int) -> str:
    said.seek(0, io.SEEK_END)
    said.seek(max(0, said.tell() - 8192))
    text = said.read().decode(errors="replace").strip().splitlines()
    return redact("; ".join(line.strip() for line in text[-lines:]), password)


def _only_transaction_timeout(said: IO[bytes]) -> bool:
    said.seek(0)
    errors = [line for line in said if line.startswith(b"pg_restore: error:")]
    return bool(errors) and all(b"transaction_timeout" in error for error in errors)


def _ended(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"exited with {code}"
