"""The arithmetic of S3 uploads: part sizes, filled parts, checksums."""

from __future__ import annotations

import base64
import hashlib
from typing import BinaryIO

MOST = 10_000
"""Parts of one upload. Amazon S3 user guide, "Multipart upload limits"."""
SMALLEST = 8 << 20
_MIB = 1 << 20


def part_size(expected: int, *, most: int = MOST, smallest: int = SMALLEST) -> int:
    """Bytes of every part but the last, so that a stream of about `expected` bytes fits with room.

    All parts are equal because some stores (R2) ask for it, and memory is one part."""
    needed = -(-expected * 12 // 10) * 10 // (9 * most)
    return max(smallest, -(-needed // _MIB) * _MIB)


def filled(source: BinaryIO, size: int) -> bytearray:
    """The next `size` bytes; fewer only when the source's end was read."""
    data = bytearray(size)
    have = 0
    while have < size:
        chunk = source.read(min(_MIB, size - have))
        if not chunk:
            break
        data[have : have + len(chunk)] = chunk
        have += len(chunk)
    del data[have:]
    return data


def sha256(data: bytearray) -> dict[str, str]:
    return {"ChecksumSHA256": base64.b64encode(hashlib.sha256(data).digest()).decode()}


def content_md5(data: bytearray) -> dict[str, str]:
    return {"ContentMD5": base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()}
