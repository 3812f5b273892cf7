"""`tools/environment.py`, with which every make target begins: says what is missing, does nothing twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with a `.venv` that is this very environment's Python and whose sets are installed."""
    for name in ("tools", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    # Not a link: a venv's Python finds its packages by where it lies.
    python = tmp_path / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return tmp_path


def environment(
    clone: Path, *words: str, python: str = sys.executable, **env: str
) -> subprocess.CompletedProcess[str]:
    command = [python, "tools/environment.py", *words]
    return subprocess.run(
        command, cwd=clone, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )


def settled(clone: Path) -> Path:
    """Writes the stamps as an installation would."""
    code = (
        "import sys; sys.path.insert(0, 'tools'); import environment as e;"
        "[e.stamp_file(n).write_text(e.stamp(n)) for n in e.HOLDS]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=clone, check=True)
    return clone


def test_a_set_that_is_installed_is_not_installed_again(clone: Path) -> None:
    done = environment(settled(clone), "dev")
    assert done.returncode == 0
    assert "holds the dev packages already" in done.stderr
    assert "pip install" not in (clone / "asked").read_text()


def test_a_changed_pin_is_installed(clone: Path) -> None:
    with (settled(clone) / "requirements/dev.txt").open("a") as pins:
        pins.write("nothing-of-this-name-anywhere==1 --hash=sha256:00\n")
    done = environment(clone, "dev", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert done.returncode == 1
    assert "pip install" in (clone / "asked").read_text()
    assert "error: `-m pip install" in done.stderr


def test_a_python_that_is_too_old_is_told_apart_before_anything_is_made(clone: Path) -> None:
    old = clone / "old"
    old.write_text(
        f"#!{sys.executable}\nimport runpy, sys\nsys.version_info = (3, 9, 2, 'final', 0)\n"
        "sys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    old.chmod(0o755)
    shutil.rmtree(clone / ".venv")
    done = environment(clone, "dev", python=str(old))
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr and "PYTHON=python3.12" in done.stderr
    assert not (clone / ".venv").exists()


def test_debian_without_python3_venv_is_told_the_package(clone: Path) -> None:
    bare = clone / "bare"
    bare.write_text(
        f"#!{sys.executable}\nimport importlib.util, runpy, sys\nfind = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name: None if name == 'ensurepip' else find(name)\n"
        "sys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    bare.chmod(0o755)
    shutil.rmtree(clone / ".venv")
    done = environment(clone, "dev", python=str(bare))
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr


def test_an_unknown_set_names_those_there_are(clone: Path) -> None:
    assert "runtime, example, embedded, dev" in environment(clone, "demo").stderr
