"""Walks a folder, not deeper than an application's own files lie, and never through links."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DEPTH = 5
MOST = 50_000
_SKIPPED = {
    *(".git", ".hg", ".svn", ".gigops", "node_modules", "__pycache__", "site-packages"),
    *(".venv", "venv", ".tox", ".nox", ".cache", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".idea"),
}


@dataclass
class Walk:
    """One walk. After it, `unread` holds the folders that could not be opened, and `cut` tells whether it
    stopped at `MOST` entries."""

    folder: Path
    unread: list[Path] = field(default_factory=list)
    cut: bool = False
    seen: int = 0

    def files(self) -> Iterator[os.DirEntry[str]]:
        """Plain files and links, nearest first; sorted, so that two walks say the same."""
        level = [self.folder]
        for _ in range(DEPTH):
            below: list[Path] = []
            for folder in level:
                for entry in self._entries(folder):
                    self.seen += 1
                    if self.seen > MOST:
                        self.cut = True
                        return
                    if entry.is_dir(follow_symlinks=False):
                        if not _skipped(entry):
                            below.append(Path(entry.path))
                    elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
                        yield entry
            level = below

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError:
            self.unread.append(folder)
            return []


def _skipped(entry: os.DirEntry[str]) -> bool:
    return entry.name in _SKIPPED or (Path(entry.path) / "pyvenv.cfg").exists()
