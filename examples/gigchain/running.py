"""The service and its traffic as processes: started, watched and ended by their ids."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx

from examples.gigchain import schema
from examples.gigchain.ledger import Verdict, check

_PROJECT = Path(__file__).parents[2]


@dataclass
class Gigchain:
    """One folder with the three files, `.env`, `gigops.yaml`, and the processes that work on them.

    The processes get a session of their own: Ctrl-C is for whoever started them to pass on.
    """

    folder: Path
    port: int = field(default_factory=lambda: free_port())
    extra: dict[str, str] = field(default_factory=dict, repr=False)
    """Variables for gigops, such as GIGOPS_TARGET_URL."""

    _processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _logs: list[IO[str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.jsonl"

    def create(self, *, provider: str = "embedded") -> int:
        """Writes the files, those with data only where they are missing; returns how many rows they hold."""
        missing = not (self.folder / schema.FILES[0]).exists()
        rows = schema.create(self.folder) if missing else 0
        self.env_file.write_text("# gigchain\nDATABASE_TYPE=sqlite\nSECRET_KEY=only-for-the-demo\n")
        self.env_file.chmod(0o600)
        sources = "".join(f"  - {name}\n" for name in schema.FILES)
        # Its SQL was written for SQLite: booleans are 0 and 1 there, and times are texts.
        (self.folder / "gigops.yaml").write_text(
            f"app:\n  name: gigchain\n  env_file: .env\n  health_url: {self.url}/health\n"
            f"sources:\n{sources}target:\n  provider: {provider}\n  compat: true\n"
        )
        return rows

    def start_service(self, *, within: float = 30.0) -> None:
        """Raises RuntimeError when it does not answer in time."""
        words = ["uvicorn", "--factory", "examples.gigchain.app:create", "--host", "127.0.0.1"]
        # Clients keep their connections: one that is closed while a request is on its way is a failed one.
        words += ["--port", str(self.port), "--log-level", "warning", "--timeout-keep-alive", "300"]
        self._start("service", words)
        end = time.monotonic() + within
        while not self._answers():
            if self._processes["service"].poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the service did not start: {self.folder / 'service.log'} says why")
            time.sleep(0.05)

    def start_traffic(self, *, writes: float = 100, reads: float = 100) -> None:
        words = ["examples.gigchain.traffic", "--url", self.url, "--ledger", str(self.ledger)]
        self._start("traffic", [*words, "--writes", str(writes), "--reads", str(reads)])

    def stop_traffic(self) -> dict[str, Any]:
        """Lets requests that are on their way end, and returns the traffic's own summary."""
        process = self._processes.pop("traffic")
        process.terminate()
        printed, _ = process.communicate(timeout=180)
        summary: dict[str, Any] = json.loads(printed)
        return summary

    def stop_service(self) -> None:
        self._end(self._processes.pop("service"))

    def kill_service(self) -> None:
        process = self._processes.pop("service")
        process.kill()
        process.communicate()

    def acknowledged(self) -> int:
        """How many writes were acknowledged up to now."""
        return self.ledger.read_bytes().count(b'"id"') if self.ledger.exists() else 0

    def database(self) -> str:
        """Which database the service says it is on."""
        return str(httpx.get(f"{self.url}/health", timeout=30).json()["database"])

    def check(self) -> Verdict:
        """The ledger against the database that `.env` names now."""
        return check(self.ledger, self.env_file, self.folder)

    def gigops(self, *words: str, stderr: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
        """Runs a gigops command in the folder, with this Python; `stderr=None` shows its progress."""
        command = [sys.executable, "-m", "ops.cli.app", *words]
        interrupted = False
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment() | self.extra,
            text=True,
            stdout=subprocess.PIPE,
            stderr=stderr,
        ) as process:
            while True:
                try:
                    printed, said = process.communicate()
                    break
                except KeyboardInterrupt:
                    # The terminal sent it to gigops as well, which may be on its way home.
                    interrupted = True
        if interrupted:
            raise KeyboardInterrupt
        return subprocess.CompletedProcess(command, process.returncode, printed, said or "")

    def end(self) -> None:
        """Ends whatever still runs. Repeating it is harmless."""
        while self._processes:
            self._end(self._processes.popitem()[1])
        while self._logs:
            self._logs.pop().close()

    def _start(self, name: str, words: list[str]) -> None:
        log = (self.folder / f"{name}.log").open("a")
        self._logs.append(log)
        self._processes[name] = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=_PROJECT, env=self._environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if name == "traffic" else log, stderr=log,
            start_new_session=True,
        )  # fmt: skip

    def _end(self, process: subprocess.Popen[str]) -> None:
        process.terminate()
        try:
            process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def _environment(self) -> dict[str, str]:
        """The process's, without what others set for their own gigops or database."""
        foreign = ("GIGOPS_", "DATABASE_", "POSTGRES", "DB_", "PG")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        path = os.pathsep.join(filter(None, [str(_PROJECT), kept.get("PYTHONPATH", "")]))
        return {**kept, "PYTHONPATH": path, "GIGCHAIN_FOLDER": str(self.folder)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
