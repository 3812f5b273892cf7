"""Runs the command lines that the user wrote: stop, start and reload the application, `shell.run`."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ops.errors import NotReady
from ops.interfaces import Completed
from ops.values import redact


class LocalShell:
    """`Shell` on this machine: `/bin/sh -c`, output caught, secrets in it replaced.

    Output goes to temporary files, not pipes: a start command may leave a daemon behind that keeps
    its standard output open, and waiting for a pipe's end would then never stop.
    """

    def run(
        self,
        command: str,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Completed:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                done = subprocess.run(
                    ["/bin/sh", "-c", command],
                    cwd=cwd,
                    env={**os.environ, **(env or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    timeout=timeout,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise NotReady(
                    f"`{redact(command)}` did not finish within {timeout:.0f} s",
                    hint="a start command must return: end it with `&`, or let systemd or docker start it",
                ) from None
            out.seek(0)
            err.seek(0)
            return Completed(done.returncode, _text(out.read()), _text(err.read()))


def _text(raw: bytes) -> str:
    return redact(raw.decode(errors="replace"))
