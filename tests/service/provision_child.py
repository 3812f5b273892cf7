"""Makes an embedded server in a process of its own, and dies by SIGKILL before a change of choice."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.servers import provisioning


def main(room: Path, mode: str = "", number: str = "") -> None:
    seen: list[str] = []

    def watch(event: str, words: tuple[Any, ...]) -> None:
        if event not in ("os.mkdir", "os.rename", "subprocess.Popen"):
            return
        what = Path(str(words[0]))
        known = event == "os.mkdir" and what.exists()
        if known or (event == "subprocess.Popen" and what.name not in ("initdb", "pg_ctl")):
            return
        seen.append(f"{event} {what}")
        if mode == "--die" and len(seen) > int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    server = provisioning.embedded(room).create()
    sys.stdout.write("".join(line + "\n" for line in seen) if mode == "--list" else f"{server.version}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
