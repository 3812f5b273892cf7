"""Makes a container in a process of its own, and dies by SIGKILL right after a request of choice."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from ops.clients.clock import SystemClock
from ops.clients.docker import DockerEngine
from ops.provision.docker import Docker
from ops.settings import Target
from tests.servers import provisioning


def main(room: Path, image: str, moment: str) -> None:
    seen: list[bytes] = []

    def watch(event: str, words: tuple[Any, ...]) -> None:
        if event != "http.client.send" or b"HTTP/1.1" not in (head := bytes(words[1])[:300]):
            return
        if seen and moment.encode() in seen[-1].partition(b"HTTP")[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        seen.append(head)

    sys.addaudithook(watch)
    state, target = room / "app" / ".gigops", Target(provider="docker", image=image)
    Docker("shop", target, state, DockerEngine(), provisioning.Heard(), SystemClock()).create()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
