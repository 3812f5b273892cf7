"""Files with secrets: who may read them, and what a killed writer leaves."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ops.errors import Busy, NotReady
from ops.provision import private
from ops.provision.credentials import Credentials, generate
from ops.values import DatabaseUrl


def test_a_password_needs_no_quoting_anywhere_and_is_long() -> None:
    for _ in range(50):
        text = generate().reveal()
        assert len(text) >= 32
        assert text[0].isalpha()
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    assert generate() != generate()


def test_only_the_owner_may_read_a_kept_url_and_git_never_takes_it(tmp_path: Path) -> None:
    kept = Credentials(tmp_path / ".gigops")
    url = DatabaseUrl("127.0.0.1", 15433, "app", "app", generate())
    kept.save("embedded", url)
    assert kept.load("embedded") == url
    for path, mode in ((kept.path("embedded"), 0o600), (kept.path("embedded").parent, 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / ".gigops").stat().st_mode) == 0o700
    assert (tmp_path / ".gigops/.gitignore").read_text() == "*\n"


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    private.write(tmp_path / "kept", "old")
    with pytest.raises(UnicodeEncodeError):
        private.write(tmp_path / "kept", "new \ud800")
    assert (tmp_path / "kept").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path: Path) -> None:
    (tmp_path / ".kept.0123abcd").write_text("half a secr")
    private.write(tmp_path / "kept", "new")
    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="cannot be written"):
        private.write(tmp_path / "missing" / "file", "text")


def test_two_at_once_are_told_so_and_a_dead_holder_lets_go(tmp_path: Path) -> None:
    with private.lock(tmp_path / "lock"), pytest.raises(Busy), private.lock(tmp_path / "lock"):
        pass
    if (child := os.fork()) == 0:
        with private.lock(tmp_path / "lock"):
            os._exit(0)
    os.waitpid(child, 0)
    with private.lock(tmp_path / "lock"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_makes_in_a_users_folder_belongs_to_the_user(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1234)
    private.state_folder(tmp_path / ".gigops")
    private.write(tmp_path / ".gigops/file", "text")
    owners = [(p.stat().st_uid, p.stat().st_gid) for p in (tmp_path / ".gigops", tmp_path / ".gigops/file")]
    assert owners == [(1234, 1234), (1234, 1234)]
