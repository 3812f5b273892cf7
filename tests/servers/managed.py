"""A PostgreSQL as a hosting provider gives it: TLS only, a role that owns its database and nothing else, few
connections, short timeouts; and PgBouncer before it."""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ops.database.connect import connect
from ops.errors import NotReady
from ops.provision.account import Account, give, lookup, server_account, words
from ops.values import DatabaseUrl, Secret
from tests.servers.parts import missing
from tests.servers.postgres import free_port, running

_numbers = count(1)
_PEM, _NO_PASSWORD = serialization.Encoding.PEM, serialization.NoEncryption()


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, name: str = "gigops test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(self._name, self._key, x509.BasicConstraints(True, None))

    def give(self, folder: Path, account: Account | None) -> None:
        """Writes `server.crt` and `server.key` for 127.0.0.1, readable by `account` alone."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        own = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, _NO_PASSWORD)
        for file, content in (("server.crt", self._signed(name, key, own)), ("server.key", private)):
            (folder / file).write_bytes(content)
            (folder / file).chmod(0o600)
            give(folder / file, account)

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, more: x509.ExtensionType) -> bytes:
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(more, critical=isinstance(more, x509.BasicConstraints))
        )
        return built.sign(self._key, hashes.SHA256()).public_bytes(_PEM)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Authority, Path]]:
    """A certificate authority, and the file with its certificate."""
    made = Authority()
    file = tmp_path_factory.mktemp("authority") / "root.crt"
    file.write_bytes(made.certificate)
    yield made, file


@pytest.fixture(scope="session")
def managed_server(authority: tuple[Authority, Path]) -> Iterator[DatabaseUrl]:
    """The superuser's URL of a server that takes TLS connections only."""
    made, root = authority

    def prepare(data: Path, account: Account | None) -> None:
        made.give(data, account)
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")

    with running("ssl=on", prepare=prepare) as url:
        yield replace(url, query=(("sslmode", "verify-full"), ("sslrootcert", str(root))))


@contextmanager
def owned_database(
    server: DatabaseUrl, *, connections: int = 5, settings: tuple[str, ...] = ()
) -> Iterator[DatabaseUrl]:
    """A database whose role may do what a provider's customer may: nothing outside it."""
    name = f"m{next(_numbers)}"
    with closing(connect(server, autocommit=True)) as admin, admin.cursor() as cursor:
        cursor.execute(
            f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
            f" CONNECTION LIMIT {connections} PASSWORD 'a p@ss/wörd'"
        )
        cursor.execute(f"CREATE DATABASE {name} OWNER {name}")
        cursor.execute(f"REVOKE ALL ON DATABASE {name}, postgres, template1 FROM PUBLIC")
        for setting in settings:
            cursor.execute(f"ALTER ROLE {name} SET {setting}")
        try:
            yield replace(server, database=name, user=name, password=Secret("a p@ss/wörd"))
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
            cursor.execute(f"DROP ROLE {name}")


@contextmanager
def pooler(behind: DatabaseUrl, mode: str, authority: Authority, *, size: int = 20) -> Iterator[DatabaseUrl]:
    """PgBouncer before `behind`, with TLS on both sides; `size` connections to the server at most."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not program:
        missing("PgBouncer", "apt-get install pgbouncer")
    account, home, port = (
        server_account(os.geteuid(), os.environ, lookup),
        Path(tempfile.mkdtemp(prefix="gigops-pgb-", dir="/tmp")),
        free_port(),
    )
    try:
        _configure(home, behind, mode, port, size)
        authority.give(home, account)
        for path in (home, *home.iterdir()):
            give(path, account)
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [program, str(home / "ini")], stdout=log, stderr=log, cwd="/", **words(account)
            )
        try:
            through = replace(behind, port=port)
            _wait(through, process, home)
            yield through
        finally:
            process.terminate()
            process.wait(20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _configure(home: Path, behind: DatabaseUrl, mode: str, port: int, size: int) -> None:
    assert behind.password
    (home / "users").write_text(f'"{behind.user}" "{behind.password.reveal()}"\n')
    (home / "root.crt").write_bytes(Path(dict(behind.query)["sslrootcert"]).read_bytes())
    (home / "ini").write_text(f"""[databases]
{behind.database} = host={behind.host} port={behind.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {home}/users
pool_mode = {mode}
default_pool_size = {size}
query_wait_timeout = 120
client_tls_sslmode = require
client_tls_cert_file = {home}/server.crt
client_tls_key_file = {home}/server.key
server_tls_sslmode = verify-full
server_tls_ca_file = {home}/root.crt
""")


def _wait(url: DatabaseUrl, process: subprocess.Popen[bytes], home: Path) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            connect(url).close()
            return
        except NotReady as error:
            said = (home / "log").read_text(errors="replace")
            assert process.poll() is None and time.monotonic() < until, f"{error}\n{said}"
            time.sleep(0.05)
