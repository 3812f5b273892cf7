"""What a user is told when PostgreSQL cannot be used."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ops.database.connect import connect
from ops.errors import NotReady, VersionSkew
from ops.values import DatabaseUrl, Secret


@contextmanager
def server_of_version(version: str) -> Iterator[DatabaseUrl]:
    """Something that greets as a PostgreSQL of `version` does (manual, "Message Flow: Start-up"), for no
    server that old can be installed here."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!i", len(body) + 4) + body

    settings = {
        "server_version": version,
        "client_encoding": "UTF8",
        "server_encoding": "UTF8",
        "DateStyle": "ISO, MDY",
        "standard_conforming_strings": "on",
    }
    greeting = message(b"R", struct.pack("!i", 0))
    for name, value in settings.items():
        greeting += message(b"S", f"{name}\0{value}\0".encode())
    greeting += message(b"K", struct.pack("!ii", 1, 1)) + message(b"Z", b"I")

    def answer(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client:
            while True:
                length, code = struct.unpack("!ii", client.recv(8, socket.MSG_WAITALL))
                client.recv(length - 8, socket.MSG_WAITALL) if length > 8 else b""
                if code == 3 << 16:
                    break
                client.sendall(b"N")  # neither TLS nor GSS
            client.sendall(greeting)
            client.recv(1024)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        yield DatabaseUrl("127.0.0.1", listener.getsockname()[1], "app", "me", Secret("hunter2"))
        thread.join()


def test_a_server_too_old_is_told_with_its_version() -> None:
    with server_of_version("12.22") as url, pytest.raises(VersionSkew, match="is PostgreSQL 12") as told:
        connect(url)
    assert "13 or newer" in told.value.message
    assert told.value.exit_code == 14


def test_a_server_just_new_enough_is_taken() -> None:
    with server_of_version("13.23") as url:
        connect(url).close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"password": Secret("wr0ng-secret")}, "refuses the password of `t"),
        ({"password": None}, "refuses the password of `t"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"port": 1}, "no PostgreSQL can be reached at 127.0.0.1:1"),
        ({"host": "no-such-host.invalid"}, "no PostgreSQL can be reached at no-such-host.invalid"),
        ({"query": (("sslmod", "require"),)}, "is refused by libpq"),
    ],
)
def test_what_is_wrong_is_told_without_the_password(
    database: DatabaseUrl, change: dict[str, object], told: str
) -> None:
    with pytest.raises(NotReady) as raised:
        connect(replace(database, **change))  # type: ignore[arg-type]
    assert told in raised.value.message
    assert raised.value.hint
    assert "secret" not in raised.value.message + raised.value.hint
