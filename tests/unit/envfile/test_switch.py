"""The switch on a real disk: owner, mode, links, what is kept, and the way back."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.envfile import Kept, keep, kept_files, kept_path, put_back, read, switch
from ops.envfile.disk import SystemDisk
from ops.errors import Missing, NotReady, VerificationFailed

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
PG = {"DATABASE_TYPE": "postgresql", "DATABASE_URL": "postgresql://app:s3cret@127.0.0.1:5432/app"}
OLD = b"# our app\r\nDATABASE_TYPE=sqlite # c\r\nSECRET='x\xe9'\r\nDATABASE_URL=sqlite:///app.db"


@pytest.fixture
def env(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_bytes(OLD)
    path.chmod(0o640)
    return path


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_the_old_file_stays_beside_the_new_one_for_its_owner_only(env: Path) -> None:
    done = switch(env, PG, NOW)
    kept = env.with_name(".env.gigops-20260131T093000Z")
    assert done == Kept(env, kept, changed=True, created=False, notes=())
    assert kept.read_bytes() == OLD
    assert kept.stat().st_mode & 0o777 == 0o600
    assert read(env)["DATABASE_TYPE"] == "postgresql"
    assert names(env.parent) == [".env", kept.name]


def test_mode_owner_and_group_stay(env: Path) -> None:
    if os.geteuid() == 0:
        os.chown(env, 12345, 23456)
    before = env.stat()
    done = switch(env, PG, NOW)
    after = env.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert done.kept and done.kept.stat().st_uid == before.st_uid


def test_put_back_is_byte_for_byte_with_mode_and_owner(env: Path) -> None:
    if os.geteuid() == 0:
        os.chown(env, 12345, 23456)
    before = env.stat()
    done = switch(env, PG, NOW)
    put_back(env, done.kept)
    after = env.stat()
    assert env.read_bytes() == OLD
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    put_back(env, done.kept)
    assert env.read_bytes() == OLD


def test_a_second_switch_changes_nothing_and_still_knows_the_kept_file(env: Path) -> None:
    first = switch(env, PG, NOW)
    inode = env.stat().st_ino
    again = switch(env, PG, NOW + timedelta(hours=1))
    assert (again.changed, again.kept) == (False, first.kept)
    assert env.stat().st_ino == inode
    assert kept_files(env) == [first.kept]


def test_the_copy_made_before_the_change_is_the_one_the_change_keeps(env: Path) -> None:
    assert keep(env, NOW) == kept_path(env, NOW)
    assert switch(env, PG, NOW).kept == kept_path(env, NOW)
    assert len(kept_files(env)) == 1


def test_two_different_files_of_one_second_are_both_kept(env: Path) -> None:
    switch(env, PG, NOW)
    switch(env, {"DATABASE_TYPE": "sqlite"}, NOW)
    assert [p.name for p in kept_files(env)] == [
        ".env.gigops-20260131T093000Z-2",
        ".env.gigops-20260131T093000Z",
    ]


def test_a_missing_file_is_made_for_its_owner_only_and_put_back_means_none(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    done = switch(env, PG, NOW)
    assert (done.kept, done.created, done.changed) == (None, True, True)
    assert env.stat().st_mode & 0o777 == 0o600
    put_back(env, None)
    assert names(tmp_path) == []
    put_back(env, None)


def test_what_someone_wrote_into_it_since_is_set_aside_not_lost(env: Path) -> None:
    done = switch(env, PG, NOW)
    env.write_bytes(env.read_bytes() + b"\nNEW=1\n")
    changed = env.read_bytes()
    put_back(env, done.kept)
    assert env.read_bytes() == OLD
    assert env.with_name(".env.gigops-replaced").read_bytes() == changed


def test_a_file_made_by_gigops_that_grew_is_set_aside_when_it_goes(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    switch(env, PG, NOW)
    env.write_bytes(env.read_bytes() + b"MINE=1\n")
    put_back(env, None)
    assert not env.exists()
    assert b"MINE=1" in (tmp_path / ".env.gigops-replaced").read_bytes()


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / ".env").write_bytes(OLD)
    link = tmp_path / ".env"
    link.symlink_to("shared/.env")
    done = switch(link, PG, NOW)
    assert link.is_symlink() and done.path == shared / ".env"
    assert read(shared / ".env")["DATABASE_TYPE"] == "postgresql"
    put_back(link, done.kept)
    assert link.is_symlink() and (shared / ".env").read_bytes() == OLD


def test_a_link_to_a_file_that_is_not_there_yet_makes_that_file(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    link = tmp_path / ".env"
    link.symlink_to("shared/.env")
    switch(link, PG, NOW)
    assert link.is_symlink() and (tmp_path / "shared/.env").is_file()


@pytest.mark.parametrize("kind", ["loop", "folder", "pipe", "no parent"])
def test_what_is_not_a_plain_file_is_told_and_left_alone(tmp_path: Path, kind: str) -> None:
    env = tmp_path / ".env"
    if kind == "loop":
        env.symlink_to(env)
    elif kind == "folder":
        env.mkdir()
    elif kind == "pipe":
        os.mkfifo(env)
    else:
        env = tmp_path / "nowhere" / ".env"
    before = names(tmp_path)
    with pytest.raises(NotReady) as caught:
        switch(env, PG, NOW)
    assert caught.value.hint
    assert names(tmp_path) == before


class Failing(SystemDisk):
    """A disk whose rename onto the env file fails, as a full disk or a bind mount does."""

    def __init__(self, number: int, env: Path) -> None:
        self.number, self.env = number, env

    def replace(self, old: Path, new: Path) -> None:
        if new == self.env:
            raise OSError(self.number, os.strerror(self.number))
        super().replace(old, new)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EBUSY, "mount of its own"), (errno.ENOSPC, "no space left"), (errno.EROFS, "read-only"),
     (errno.EACCES, "owner and mode"), (errno.EIO, "cannot be written")],
)  # fmt: skip
def test_a_switch_that_cannot_be_leaves_nothing_behind(env: Path, number: int, words: str) -> None:
    with pytest.raises(NotReady, match=words) as caught:
        switch(env, PG, NOW, disk=Failing(number, env))
    assert caught.value.hint and "s3cret" not in caught.value.message
    assert env.read_bytes() == OLD and names(env.parent) == [".env"]


def test_a_bind_mount_is_told(tmp_path: Path) -> None:
    outside, env = tmp_path / "outside", tmp_path / ".env"
    outside.write_bytes(OLD)
    env.touch()
    code = (
        "import sys; from pathlib import Path; from tests.unit.envfile.test_switch import switch, PG, NOW\n"
        "try: switch(Path(sys.argv[1]), PG, NOW)\n"
        "except Exception as e: print(type(e).__name__, e)"
    )
    script = f'mount --bind "{outside}" "{env}" || exit 77; "{sys.executable}" -c "$0" "{env}"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, code], capture_output=True, text=True, check=False
    )
    if "NotReady" not in done.stdout and ("unshare" in done.stderr or done.returncode == 77):
        pytest.skip("this machine allows no mounts in a namespace of one's own")
    assert "mount of its own" in done.stdout
    assert outside.read_bytes() == OLD


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_cannot_keep_the_owner_is_refused_and_changes_nothing(env: Path) -> None:
    env.chmod(0o644)
    for folder in env.parent.parents[:2]:
        folder.chmod(0o711)
    env.parent.chmod(0o777)
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        try:
            switch(env, PG, NOW)
        except NotReady as error:
            os._exit(42 if "owner" in error.message else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
    assert env.read_bytes() == OLD and names(env.parent) == [".env"]


class Meddled(SystemDisk):
    """Somebody writes the env file while gigops does."""

    def __init__(self, env: Path, when: str) -> None:
        self.env, self.when = env, when

    def dress(self, path: Path, mode: int, like: Path) -> None:
        super().dress(path, mode, like)
        if self.when == "before":
            self.env.write_bytes(b"THEIRS=1\n")

    def replace(self, old: Path, new: Path) -> None:
        super().replace(old, new)
        if self.when == "after" and new == self.env and b"postgresql" in new.read_bytes():
            new.write_bytes(b"THEIRS=1\n")


def test_a_change_by_someone_else_at_the_same_moment_is_not_overwritten(env: Path) -> None:
    with pytest.raises(NotReady, match="same moment"):
        switch(env, PG, NOW, disk=Meddled(env, "before"))
    assert env.read_bytes() == b"THEIRS=1\n"


def test_a_file_that_does_not_read_back_is_put_back(env: Path) -> None:
    with pytest.raises(VerificationFailed):
        switch(env, PG, NOW, disk=Meddled(env, "after"))
    assert env.read_bytes() == OLD
    assert env.with_name(".env.gigops-replaced").read_bytes() == b"THEIRS=1\n"


def test_a_kept_file_that_is_gone_is_said_so(env: Path) -> None:
    done = switch(env, PG, NOW)
    assert done.kept
    done.kept.unlink()
    with pytest.raises(Missing):
        put_back(env, done.kept)


def test_access_lists_stay(env: Path) -> None:
    try:
        os.setxattr(env, "user.gigops-test", b"1")
    except OSError:
        pytest.skip("this file system keeps no extended attributes")
    switch(env, PG, NOW)
    assert os.getxattr(env, "user.gigops-test") == b"1"
