"""One PostgreSQL data folder on this machine: made, started, stopped, and seen whether it lives."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ops.errors import NotReady
from ops.interfaces import Clock
from ops.provision import account as accounts
from ops.provision import postmaster, private
from ops.provision.account import Account
from ops.provision.binaries import Binaries
from ops.provision.credentials import ADMIN
from ops.values import Secret, redact

_SETTINGS = """
# gigops: reached over TCP on this machine only
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
# a file for each weekday, begun anew a week later; no SQL texts in it, they may hold people's data
logging_collector = on
log_directory = '../log'
log_filename = 'server-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
log_min_error_statement = panic
"""

_START_TIMEOUT = 300
_STOP_TIMEOUT = 120
_ORPHANS_TIMEOUT = 20


@dataclass(frozen=True)
class Cluster:
    """The data folder `home`/data, its logs in `home`/log. `account` None means: run as ourselves."""

    home: Path
    account: Account | None
    clock: Clock

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def name(self) -> str:
        """What the server is called in `ps`. It holds the folder's place, so the server of a copied
        folder is not taken for the server of the original."""
        return f"gigops-{sha256(str(self.home.resolve()).encode()).hexdigest()[:12]}"

    def exists(self) -> bool:
        """Whether the data folder is complete; a half-made one has another name."""
        return self.data.is_dir()

    def major(self) -> str:
        return (private.read(self.data / "PG_VERSION") or "").strip()

    def pid(self) -> int | None:
        """Our running postmaster."""
        pid = postmaster.pid_of(private.read(self._pid_file) or "")
        return pid if pid and postmaster.is_ours(postmaster.command_line(pid), self.name) else None

    def port(self) -> int | None:
        return postmaster.port_of(private.read(self._pid_file) or "")

    def was_killed(self) -> bool:
        """A postmaster.pid is left, and its process is not there: nobody stopped the server in order."""
        return self._pid_file.exists() and self.pid() is None

    def make(self, binaries: Binaries, password: Secret) -> None:
        """initdb beside the final place, then one rename: killed at any moment, it is there or not."""
        self.sweep()
        making = self.home / f"data.making-{secrets.token_hex(4)}"
        password_file = self.home / f"{making.name}.pw"
        private.write(password_file, password.reveal() + "\n")
        accounts.give(password_file, self.account)
        for folder in (making, self.home / "log"):
            folder.mkdir(mode=0o700, exist_ok=True)
            accounts.give(folder, self.account)
        words = [binaries.tool("initdb"), "-D", str(making), "-U", ADMIN, "-A", "scram-sha-256"]
        words += [f"--pwfile={password_file}", "--data-checksums", "-E", "UTF8"]
        code, output = self._run([*words, "--locale=C.UTF-8"])
        if code and "locale" in output:
            code, output = self._run([*words, "--locale=C"])
        password_file.unlink(missing_ok=True)
        if code:
            shutil.rmtree(making, ignore_errors=True)
            raise NotReady(
                f"initdb could not make a database folder in `{self.home}`: {_reason(output)}",
                hint="look at the disk's free space and the folder's rights: gigops doctor",
            )
        with (making / "postgresql.conf").open("a") as conf:
            conf.write(_SETTINGS)
            conf.flush()
            os.fsync(conf.fileno())
        making.rename(self.data)
        private.sync(self.home)

    def start(self, binaries: Binaries, port: int) -> None:
        """Starts the server and returns when it answers. Raises NotReady with the server's own words."""
        self._disown_a_stranger()
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c cluster_name={self.name}"
        words = [binaries.tool("pg_ctl"), "start", "-s", "-w", "-t", str(_START_TIMEOUT)]
        words += ["-l", "log/start.log", "-o", options]
        start_log = self.home / "log" / "start.log"
        waited = 0.0
        while True:
            start_log.unlink(missing_ok=True)
            code, output = self._run(words)
            if code == 0:
                return
            said = output + (private.read(start_log) or "")
            if self.pid() is not None and "lock file" in said:
                # a start of ours whose gigops was killed got there first
                self._wait_until_ready(port)
                return
            orphans = "shared memory" in said
            if not orphans or waited > _ORPHANS_TIMEOUT:
                raise NotReady(
                    f"PostgreSQL in `{self.data}` does not start: {_reason(said)}",
                    hint="its children are still at work: wait for them to end, or end them"
                    if orphans
                    else f"read {start_log} and the newest file beside it",
                )
            self.clock.sleep(0.3)
            waited += 0.3

    def stop(self) -> bool:
        """A fast, orderly shutdown; False when it did not run."""
        pid = self.pid()
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        waited = 0.0
        while self.pid() == pid:
            if waited > _STOP_TIMEOUT:
                raise NotReady(
                    f"the server (process {pid}) does not stop", hint=f"read the logs in {self.home}/log"
                )
            self.clock.sleep(0.05)
            waited += 0.05
        return True

    def reset_admin(self, binaries: Binaries, password: Secret) -> None:
        """Gives the superuser of a stopped server a new password, told on standard input."""
        self._disown_a_stranger()
        statement = f"ALTER ROLE {ADMIN} PASSWORD '{password.reveal()}';\n"
        words = [binaries.tool("postgres"), "--single", "-c", "log_statement=none", "postgres"]
        code, output = self._run(words, feed=statement)
        if code:
            raise NotReady(
                f"the superuser's password could not be set anew: {redact(_reason(output), password)}",
                hint=f"read the logs in {self.home}/log",
            )

    def remove(self) -> None:
        """Deletes data and logs of a stopped server; what a kill leaves is not taken for a whole one."""
        if self.exists():
            self.data.rename(self.home / f"data.deleting-{secrets.token_hex(4)}")
        self.sweep()
        shutil.rmtree(self.home)

    def sweep(self) -> None:
        """Removes what killed runs left behind."""
        patterns = ("data.making-*", ".data.making-*", "data.deleting-*")
        for left in [path for pattern in patterns for path in self.home.glob(pattern)]:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    @property
    def _pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def _disown_a_stranger(self) -> None:
        """PostgreSQL does not start while the number of a killed server is anybody's: of another process,
        or of the server's own remains that nobody has reaped."""
        text = private.read(self._pid_file) or ""
        pid = postmaster.pid_of(text)
        if pid and postmaster.is_taken(pid) and self.pid() is None:
            private.write(self._pid_file, postmaster.of_nobody(text))
            accounts.give(self._pid_file, self.account)

    def _wait_until_ready(self, port: int) -> None:
        waited = 0.0
        while not postmaster.is_ready(private.read(self._pid_file) or ""):
            if waited > _START_TIMEOUT:
                raise NotReady(f"the server on port {port} does not get ready", hint=f"read {self.home}/log")
            self.clock.sleep(0.1)
            waited += 0.1

    def _run(self, words: Sequence[str], feed: str = "") -> tuple[int, str]:
        """Output goes to a file: the server keeps what it inherits open, and a pipe would never end."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C",
            "PGDATA": str(self.data),
            "HOME": str(self.home),
        }
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as words_in:
            words_in.write(feed.encode())
            words_in.seek(0)
            done = subprocess.run(
                words,
                stdin=words_in,
                stdout=out,
                stderr=out,
                cwd=self.home,
                env=environment,
                start_new_session=True,
                check=False,
                **accounts.words(self.account),
            )
            out.seek(0)
            return done.returncode, out.read().decode(errors="replace")


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (telling or lines or ["no reason given"])[0]
