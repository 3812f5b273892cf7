"""What is said about an env file before a password goes into it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ops.envfile import concerns
from ops.envfile.concerns import text_concerns


@pytest.fixture
def env(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text("DATABASE_TYPE=sqlite\n")
    path.chmod(0o600)
    return path


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_a_private_file_outside_git_worries_nobody(env: Path) -> None:
    assert list(concerns(env)) == []
    assert list(concerns(env.with_name("missing"))) == []


def test_others_who_can_read_it_are_told(env: Path) -> None:
    env.chmod(0o640)
    assert "its group" in concerns(env)[0] and "0640" in concerns(env)[0]
    env.chmod(0o644)
    assert "everybody" in concerns(env)[0]


@pytest.mark.skipif(not shutil.which("git"), reason="git is not here")
def test_a_file_that_git_tracks_is_told_also_through_a_link(env: Path, tmp_path: Path) -> None:
    git(env.parent, "init", "-q")
    git(env.parent, "add", "-f", ".env")
    assert "git tracks it" in concerns(env)[0]
    link = tmp_path / "elsewhere"
    link.symlink_to(env)
    assert "git tracks it" in concerns(link)[0]


@pytest.mark.skipif(not shutil.which("git"), reason="git is not here")
def test_kept_copies_that_git_would_take_are_told(env: Path) -> None:
    git(env.parent, "init", "-q")
    (env.parent / ".gitignore").write_text(".env\n")
    assert "does not ignore its kept copies" in concerns(env)[0]
    (env.parent / ".gitignore").write_text(".env*\n")
    assert list(concerns(env)) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xef\xbb\xbfA=1\n", "byte-order mark"),
        (b"A=1\r\n", "CRLF"),
        (b"A=caf\xe9\n", "not UTF-8"),
        (b"A=1\n\nB='open\n", "line 3 cannot be read"),
        (b"DATABASE_URL=a\nDATABASE_URL=b\n", "2 times"),
        (b"A=x\\\nDATABASE_URL=b\n", "backslash"),
        (b"A\0", "NUL"),
    ],
)
def test_what_some_reader_takes_otherwise_is_told(content: bytes, words: str) -> None:
    assert words in text_concerns(content)[0]
