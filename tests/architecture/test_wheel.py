"""What is built from a clone works away from it, with playbooks/, compose/ and config/ inside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, tracked
from tests.servers.parts import missing

_ASSETS = ("playbooks", "compose", "config")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the tracked files alone, in a folder of its own."""
    if int(metadata.version("setuptools").split(".")[0]) < 77:
        missing("setuptools 77", "make test installs the one of requirements/build.txt")
    room = tmp_path_factory.mktemp("wheel")
    for path in tracked():
        copy = room / "clone" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    words = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(room), "./clone"]
    subprocess.run([sys.executable, *words], cwd=room, check=True, capture_output=True)
    return next(room.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    site = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_the_wheel_holds_every_file_of_the_package_and_of_the_three_folders(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    tops = {path.relative_to(ROOT): path.relative_to(ROOT).parts[0] for path in tracked()}
    wanted = {str(path) for path, top in tops.items() if top == "ops"}
    wanted |= {f"ops/_assets/{path}" for path, top in tops.items() if top in _ASSETS}
    assert wanted - inside == set()
    assert [name for name in inside if not name.startswith(("ops/", "gigops-"))] == []


def test_an_installed_gigops_finds_its_playbooks_away_from_any_clone(installed: Path, tmp_path: Path) -> None:
    code = (
        "import ops; from ops import assets;"
        "print(ops.__file__, assets.path('playbooks/cutover.yaml'), *assets.names('config'), sep='\\n')"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    module, playbook, *config = done.stdout.splitlines()
    assert module == str(installed / "ops/__init__.py")
    assert playbook == str(installed / "ops/_assets/playbooks/cutover.yaml")
    assert "gigops.example.yaml" in config
