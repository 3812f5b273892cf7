"""Picks the TCP port of a server: one that stays the same, because `.env` names it."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable

from ops.errors import NotReady

# Below the range the system gives to outgoing connections, and free of well-known services.
_FIRST, _COUNT = 15432, 1000


def choose(asked: int, remembered: int, settled: bool, key: str, is_free: Callable[[int], bool]) -> int:
    """The port to start on. `remembered` was used before, `settled`: for a server that was complete, so
    it may stand in a `.env` and must not move by itself. Raises NotReady when it is taken."""
    fixed = asked or (remembered if settled else 0)
    if fixed:
        if is_free(fixed):
            return fixed
        raise NotReady(
            f"port {fixed} on 127.0.0.1 is taken by another program",
            hint=f"end that program, or choose another port: gigops provision --port {fixed + 1}"
            " (then gigops env use postgresql)",
        )
    start = int(hashlib.sha256(key.encode()).hexdigest(), 16) % _COUNT
    for step in range(_COUNT):
        port = _FIRST + (start + step) % _COUNT
        if is_free(port):
            return port
    raise NotReady(f"no port from {_FIRST} to {_FIRST + _COUNT - 1} is free", hint="name one with --port")


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
