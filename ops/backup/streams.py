"""Streams that count and hash what passes through them."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO


class Measured(io.RawIOBase):
    """Reads from `source` and knows, once its end was read, how many bytes there were and their hash."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        chunk = self._source.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._hash.update(chunk)
        self.count += len(chunk)
        return len(chunk)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def buffered(raw: io.RawIOBase) -> BinaryIO:
    """A reader whose `read(n)` gives n bytes unless the end comes first."""
    return io.BufferedReader(raw, 1 << 20)
