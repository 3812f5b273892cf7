"""Puts playbooks/, compose/ and config/ into the wheel, as ops/_assets/."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithAssets(build_py):
    """An editable install needs no copies: ops/assets.py finds the folders beside the package."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for folder in ("playbooks", "compose", "config"):
                into = Path(self.build_lib, "ops", "_assets", folder)
                shutil.rmtree(into, ignore_errors=True)
                if (ROOT / folder).is_dir():
                    shutil.copytree(ROOT / folder, into)


setup(cmdclass={"build_py": BuildWithAssets})
