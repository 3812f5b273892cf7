"""What gigops asks of a container engine, and what a PostgreSQL container of gigops looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from ops.provision.credentials import ADMIN

DEFAULT_MAJOR = "17"
PASSWORD_FILE = PurePosixPath("/gigops/password")
# The official image starts a first server on a socket only; asked over TCP, it is not taken for the real one.
HEALTH = ("CMD", "pg_isready", "-q", "-h", "127.0.0.1", "-U", ADMIN, "-d", "postgres")
STOP_SIGNAL = "SIGINT"
SHARED_MEMORY = 256 * 1024 * 1024
INITDB = "--auth-host=scram-sha-256 --data-checksums --encoding=UTF8 --locale=C.UTF-8"


@dataclass(frozen=True)
class ContainerSpec:
    """A container to make: one port on 127.0.0.1, one volume, restarted unless stopped."""

    name: str
    image: str
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    port: int
    volume: str
    mount: str
    health: Sequence[str] = HEALTH
    stop_signal: str = STOP_SIGNAL
    shared_memory: int = SHARED_MEMORY


@dataclass(frozen=True)
class Container:
    """A container there is. `state` is Docker's word; `port` its port on this machine, 0 for none."""

    name: str
    image: str
    state: str
    health: str
    labels: Mapping[str, str]
    port: int


@dataclass(frozen=True)
class Volume:
    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Image:
    name: str
    environment: Mapping[str, str]


class ContainerEngine(Protocol):
    """A Docker Engine. Everything raises NotReady when it is not there or says no."""

    def image(self, name: str) -> Image | None: ...

    def pull(self, name: str) -> Image: ...

    def container(self, name: str) -> Container | None: ...

    def make_container(self, spec: ContainerSpec) -> None: ...

    def put_file(self, container: str, path: PurePosixPath, text: str) -> None:
        """Writes a file that only root in the container may read."""
        ...

    def start(self, container: str) -> None: ...

    def stop(self, container: str) -> None: ...

    def remove_container(self, container: str) -> None:
        """Removes it, and no named volume."""
        ...

    def last_words(self, container: str) -> Sequence[str]: ...

    def volume(self, name: str) -> Volume | None: ...

    def make_volume(self, name: str, labels: Mapping[str, str]) -> None: ...

    def remove_volume(self, name: str) -> None: ...


def spec(name: str, image: Image, labels: Mapping[str, str], port: int, volume: str) -> ContainerSpec:
    """The container an operator would have set up by hand."""
    environment = {
        "POSTGRES_USER": ADMIN,
        "POSTGRES_DB": "postgres",
        "POSTGRES_PASSWORD_FILE": str(PASSWORD_FILE),
        "POSTGRES_INITDB_ARGS": INITDB,
        "POSTGRES_HOST_AUTH_METHOD": "scram-sha-256",
    }
    return ContainerSpec(name, image.name, environment, labels, port, volume, data_mount(major_of(image)))


def image_name(image: str, version: str) -> str:
    """The image asked for: named in full, or by PostgreSQL's version; empty when nothing is asked."""
    return image or (f"postgres:{version}" if version else "")


def major_of(image: Image) -> str:
    """PostgreSQL's major version in an image: as it says itself, or as its tag does; empty: unknown."""
    told = image.environment.get("PG_MAJOR", "")
    tag = re.search(r":(\d+)[^/]*$", image.name)
    return told or (tag[1] if tag else "")


def data_mount(major: str) -> str:
    """Where the volume belongs: since 18 the official image keeps `<major>/docker` under the parent
    folder, and refuses to start with a volume at the old place."""
    new = not major.isdigit() or int(major) >= 18
    return "/var/lib/postgresql" if new else "/var/lib/postgresql/data"
