"""A proxy before a real server that loses an answer: the line breaks after the request went through."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import closing

from tests.servers.s3 import S3Server


class losing_answers:
    """A proxy before the server that lets the first request for which `lost` holds through, and hangs up
    in place of its answer. Gives its URL, and the requests whose answers it dropped."""

    def __init__(self, server: S3Server, lost: Callable[[bytes], bool]) -> None:
        self._behind = int(server.endpoint_url.rpartition(":")[2])
        self._lost, self._dropped = lost, list[bytes]()
        self._listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> tuple[str, list[bytes]]:
        threading.Thread(target=self._accept, daemon=True).start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}", self._dropped

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), socket.create_connection(("127.0.0.1", self._behind)) as server:
            while True:
                request = self._message(client, server)
                if not request:
                    return
                drop = not self._dropped and self._lost(request)
                if drop:
                    self._dropped.append(request)
                self._message(server, None if drop else client, head=request.startswith(b"HEAD"))
                if drop:
                    return

    def _message(self, source: socket.socket, target: socket.socket | None, head: bool = False) -> bytes:
        """Passes one HTTP message on, as long as its Content-Length says, and returns its head."""
        got = b""
        while b"\r\n\r\n" not in got:
            chunk = source.recv(65536)
            if not chunk:
                return b""
            got += chunk
        top, _, body = got.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in top.split(b"\r\n")[1:] if b": " in line)
        left = 0 if head else int(fields.get(b"content-length", b"0"))
        if fields.get(b"expect") == b"100-continue":
            source.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            top = b"\r\n".join(line for line in top.split(b"\r\n") if not line.lower().startswith(b"expect"))
        if target:
            target.sendall(top + b"\r\n\r\n" + body)
        left -= len(body)
        while left > 0:
            chunk = source.recv(min(65536, left))
            if not chunk:
                return b""
            left -= len(chunk)
            if target:
                target.sendall(chunk)
        return top
