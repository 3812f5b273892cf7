"""Freezes SQLite files: nobody writes while gigops holds the write lock of every one of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ops.capture import holder
from ops.errors import NotReady, SourceError


class Freezer:
    """Holds the write lock of every file through a process of its own (see `holder`), or of none.

    Readers of the files go on. When this process dies the locks are gone.
    """

    def __init__(self, files: Sequence[Path], gates: Sequence[Path] = ()) -> None:
        """`gates` are removed when this process dies while it holds the locks."""
        self._files = [path.resolve() for path in files]
        self._gates = [str(gate) for gate in gates]
        self._process: subprocess.Popen[str] | None = None

    @property
    def held(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def freeze(self, *, within: float, hold_for: float) -> None:
        """Takes the locks, trying for `within` seconds; they are let go by themselves after `hold_for`.

        Raises NotReady when a writer does not let go, SourceError when a file is unusable.
        """
        if self.held:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-I", holder.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C in the terminal is for gigops to obey: it may have to go home first.
            start_new_session=True,
        )
        files = [str(path) for path in self._files]
        answer = self._ask({"hold": files, "within": within, "for": hold_for, "remove": self._gates})
        if "error" not in answer:
            return
        self.release()
        if "locked" in answer["error"] or "busy" in answer["error"]:
            raise NotReady(
                f"`{answer['file']}` stayed locked by another writer for {within:.0f} s",
                hint="stop what writes to it for so long, or set app.stop in gigops.yaml",
            )
        raise SourceError(f"`{answer['file']}` cannot be frozen: {answer['error']}", hint="gigops doctor")

    def commit(self, statements: Mapping[Path, Sequence[str]]) -> None:
        """Runs statements inside the held locks and commits, which ends the hold: no writer comes between.

        Raises NotReady when the hold was lost or a statement fails; then nothing may have been committed,
        or some files only, and the same call after a new `freeze` completes it.
        """
        if not self.held:
            raise NotReady("the SQLite files are not frozen any more", hint="gigops cutover")
        named = {str(path.resolve()): list(lines) for path, lines in statements.items()}
        answer = self._ask({"run": named})
        self.release()
        if "error" in answer:
            raise NotReady(f"`{answer['file']}` cannot be fenced: {answer['error']}", hint="gigops doctor")

    def release(self) -> None:
        """Lets the locks go. Nothing was changed by holding them."""
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            try:
                process.communicate('{"release": true}\n', timeout=15)
            except (subprocess.TimeoutExpired, BrokenPipeError):
                process.kill()

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise NotReady("the process that holds the locks is not running", hint="gigops cutover")
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            return {"error": "the process that holds the locks ended", "file": str(self._files[0])}
        answer: dict[str, Any] = json.loads(line)
        return answer
