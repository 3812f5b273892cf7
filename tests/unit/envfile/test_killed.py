"""Killed at every moment, the env file is the old one or the new one, whole; the next switch finishes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ops.envfile import put_back, switch
from ops.envfile.disk import SystemDisk
from tests.unit.envfile.test_switch import NOW, OLD, PG

# own, dress, create, replace, sync of the kept and the new file, before and after each, and halfway writing
MOMENTS = 26


class Killed(SystemDisk):
    """A disk that dies with the process at the n-th moment."""

    def __init__(self, at: int) -> None:
        self.at, self.moment = at, 0

    def _pass(self) -> None:
        self.moment += 1
        if self.moment == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def create(self, path: Path, content: bytes) -> None:
        self._pass()
        if self.moment + 1 == self.at:
            super().create(path, content[: len(content) // 2])
        self._pass()
        super().create(path, content)
        self._pass()

    def own(self, path: Path, uid: int, gid: int) -> None:
        self._pass()
        super().own(path, uid, gid)
        self._pass()

    def dress(self, path: Path, mode: int, like: Path) -> None:
        self._pass()
        super().dress(path, mode, like)
        self._pass()

    def replace(self, old: Path, new: Path) -> None:
        self._pass()
        super().replace(old, new)
        self._pass()

    def remove(self, path: Path) -> None:
        self._pass()
        super().remove(path)
        self._pass()

    def sync(self, folder: Path) -> None:
        self._pass()
        super().sync(folder)
        self._pass()


def dies(act: object, disk: Killed) -> bool:
    """Runs `act(disk)` in a child; whether it was killed there."""
    child = os.fork()
    if child == 0:
        try:
            act(disk)  # type: ignore[operator]
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("at", range(1, MOMENTS))
def test_a_switch_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path, at: int) -> None:
    env = tmp_path / ".env"
    env.write_bytes(OLD)
    (tmp_path / "wanted").write_bytes(OLD)
    switch(tmp_path / "wanted", PG, NOW)
    new = (tmp_path / "wanted").read_bytes()

    killed = dies(lambda disk: switch(env, PG, NOW, disk=disk), Killed(at))

    assert killed == (at < MOMENTS - 1), "MOMENTS no longer covers the whole switch"
    assert env.read_bytes() in (OLD, new)
    done = switch(env, PG, NOW)
    assert env.read_bytes() == new
    assert done.kept and done.kept.read_bytes() == OLD
    assert sorted(p.name for p in tmp_path.glob(".env*")) == [".env", done.kept.name]


@pytest.mark.parametrize("at", range(1, 15))
def test_the_way_back_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path, at: int) -> None:
    env = tmp_path / ".env"
    env.write_bytes(OLD)
    kept = switch(env, PG, NOW).kept
    new = env.read_bytes()
    dies(lambda disk: put_back(env, kept, disk=disk), Killed(at))
    assert env.read_bytes() in (OLD, new)
    put_back(env, kept)
    assert env.read_bytes() == OLD
    assert kept and sorted(p.name for p in tmp_path.iterdir()) == [".env", kept.name]
