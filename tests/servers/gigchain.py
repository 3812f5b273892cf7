"""The example application on files of its own, under traffic, with the tests' PostgreSQL to move to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.gigchain import schema
from examples.gigchain.running import Gigchain
from ops.values import DatabaseUrl


@pytest.fixture(scope="session")
def gigchain_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three SQLite files, to be copied."""
    folder = tmp_path_factory.mktemp("gigchain")
    schema.create(folder)
    return folder


@pytest.fixture
def gigchain_at_rest(gigchain_files: Path, tmp_path: Path, database: DatabaseUrl) -> Iterator[Gigchain]:
    """Its folder is complete, nothing runs. The target is `database`, given by GIGOPS_TARGET_URL."""
    folder = tmp_path / "gigchain"
    shutil.copytree(gigchain_files, folder)
    gigchain = Gigchain(folder, extra={"GIGOPS_TARGET_URL": database.reveal()})
    gigchain.create(provider="url")
    try:
        yield gigchain
    finally:
        gigchain.end()


@pytest.fixture
def gigchain(gigchain_at_rest: Gigchain) -> Gigchain:
    """The service runs on SQLite, under 60 writes and 60 reads a second, and some are acknowledged."""
    gigchain_at_rest.start_service()
    gigchain_at_rest.start_traffic(writes=60, reads=60)
    wait_for_writes(gigchain_at_rest, 20)
    return gigchain_at_rest


def wait_for_writes(gigchain: Gigchain, count: int, *, within: float = 60.0) -> None:
    """Until `count` more writes are acknowledged."""
    wanted, end = gigchain.acknowledged() + count, time.monotonic() + within
    while gigchain.acknowledged() < wanted:
        assert time.monotonic() < end, f"the service takes no writes: {gigchain.folder / 'service.log'}"
        time.sleep(0.02)
