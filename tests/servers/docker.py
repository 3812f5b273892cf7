"""A real Docker Engine: the one that answers, else a `dockerd` of the tests' own; and a PostgreSQL image
made from Debian packages, for machines that cannot pull one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.parts import missing

IMAGE = "gigops-test-postgres:15"
_SUITE = "bookworm"
_ENTRYPOINT = Path(__file__).parent / "postgres_image" / "docker-entrypoint.sh"
# Kept between sessions, so that the image is made once.
_DATA_ROOT = Path("/var/tmp/gigops-test-docker")


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """The address of a Docker Engine, also put into DOCKER_HOST for the session."""
    if _answers(os.environ.get("DOCKER_HOST", "")):
        yield os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        return
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        missing("a Docker Engine", "start Docker, or run as root with docker.io installed")
    home = _DATA_ROOT / "run"
    host = f"unix://{home}/docker.sock"
    if _answers(host):
        # another session of these tests has it running
        with _named(host):
            yield host
        return
    home.mkdir(parents=True, exist_ok=True)
    words = ["dockerd", "-H", host, "--data-root", str(_DATA_ROOT), "--exec-root", str(home / "exec")]
    with (home / "log").open("wb") as log:
        daemon = subprocess.Popen(
            [*words, "--pidfile", str(home / "pid")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _wait(daemon, host, home / "log")
        with _named(host):
            yield host
    finally:
        daemon.terminate()
        daemon.wait(60)


@pytest.fixture(scope="session")
def postgres_image(docker_host: str) -> str:
    """The name of an image that takes the official image's words, made when it is not there."""
    if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode:
        if os.geteuid() != 0 or shutil.which("debootstrap") is None:
            missing(f"the image {IMAGE}", "run as root with debootstrap installed: it is made from packages")
        with tempfile.TemporaryDirectory(prefix="gigops-image-", dir="/var/tmp") as room:
            _make_image(Path(room) / "root")
    return IMAGE


@contextmanager
def _named(host: str) -> Iterator[None]:
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = host
    try:
        yield
    finally:
        os.environ.pop("DOCKER_HOST")
        if before is not None:
            os.environ["DOCKER_HOST"] = before


def _make_image(root: Path) -> None:
    words = ["debootstrap", "--variant=minbase", "--include=postgresql-15", _SUITE, str(root)]
    made = subprocess.run([*words, *_mirror()], capture_output=True, text=True, check=False)
    if made.returncode:
        missing(f"the image {IMAGE}", f"debootstrap failed: {made.stdout.strip().splitlines()[-1:]}")
    shutil.rmtree(root / "var/lib/postgresql/15")
    shutil.copy(_ENTRYPOINT, root / "docker-entrypoint.sh")
    (root / "docker-entrypoint.sh").chmod(0o755)
    left_out = ("usr/share/doc", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists", "proc", "sys")
    tar = subprocess.Popen(
        ["tar", "-C", str(root), *(f"--exclude=./{part}/*" for part in left_out), "-c", "."],
        stdout=subprocess.PIPE,
    )
    changes = (
        "ENV PATH=/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ENV PG_MAJOR=15",
        "ENV PGDATA=/var/lib/postgresql/data",
        "VOLUME /var/lib/postgresql/data",
        "EXPOSE 5432",
        'ENTRYPOINT ["/docker-entrypoint.sh"]',
        'CMD ["postgres"]',
    )
    options = [word for change in changes for word in ("-c", change)]
    subprocess.run(
        ["docker", "import", *options, "-", IMAGE], stdin=tar.stdout, capture_output=True, check=True
    )
    assert tar.wait() == 0


def _mirror() -> list[str]:
    """The address of Debian that this machine's own package sources name; none: debootstrap's default."""
    apt = Path("/etc/apt")
    pattern = r"^\s*(?:URIs:|deb)\s+(?:\[.*?\]\s+)?(https?://\S*/debian/?)(?:\s|$)"
    for source in [*apt.glob("sources.list.d/*"), *apt.glob("sources.list")]:
        if found := re.search(pattern, source.read_text(), re.MULTILINE):
            return [found[1]]
    return []


def _wait(daemon: subprocess.Popen[bytes], host: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while not _answers(host):
        if daemon.poll() is not None or time.monotonic() > deadline:
            daemon.terminate()
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            missing("a Docker Engine", f"dockerd does not start: {last}")
        time.sleep(0.1)


def _answers(host: str) -> bool:
    if shutil.which("docker") is None:
        return False
    words = ["docker", *(["-H", host] if host else []), "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0
