"""A manifest comes back as it was written, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.backup import manifest as manifests
from ops.backup.manifest import Item, Locale, Manifest, TableRows
from ops.errors import VerificationFailed, VersionSkew

MOMENT = datetime(2026, 11, 23, 20, 35, 12, 345678, tzinfo=UTC)
ONE = Manifest(
    id="20261123-203512345-9c1d7f",
    app="shop",
    kind="postgresql",
    database="shöp",
    tool="gigops 0.1",
    server="15.18",
    client="15.20",
    started=MOMENT,
    finished=MOMENT,
    items=(Item("data/database.dump", 12, "ab" * 32),),
    tables=(TableRows("public", 'od"d', 5), TableRows("side", "x", 0)),
    locale=Locale("UTF8", "C.UTF-8", "C.UTF-8", "i", "de-DE"),
)


def test_a_manifest_comes_back_as_it_was_written() -> None:
    assert manifests.read(manifests.written(ONE), "there") == ONE
    without = replace(ONE, locale=None, notes=("said",), one_point=False)
    assert manifests.read(manifests.written(without), "there") == without
    assert (ONE.bytes, ONE.rows) == (12, 5)


@given(st.integers(0, len(manifests.written(ONE)) - 1), st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(position: int, bit: int) -> None:
    raw = bytearray(manifests.written(ONE))
    raw[position] ^= 1 << bit
    try:
        found = manifests.read(bytes(raw), "there")
    except (VerificationFailed, VersionSkew):
        return
    assert found == ONE  # a space between two words of JSON became another kind of space


@given(st.integers(0, len(manifests.written(ONE)) - 3))
def test_no_truncation_goes_unnoticed(length: int) -> None:
    with pytest.raises(VerificationFailed, match="damaged"):
        manifests.read(manifests.written(ONE)[:length], "there")


def _sealed(**changes: object) -> bytes:
    body = {**manifests.document(ONE), **changes}
    return json.dumps({**body, "seal": manifests._seal(body)}).encode()


def test_a_newer_format_is_told_from_damage() -> None:
    with pytest.raises(VersionSkew, match="format 2"):
        manifests.read(_sealed(format=2), "there")


@pytest.mark.parametrize("name", ["../../etc/passwd", "data/..", "data/a/b", "/etc/passwd", "data/", "x", ""])
def test_no_name_in_a_manifest_leads_out_of_its_folder(name: str) -> None:
    with pytest.raises(VerificationFailed):
        manifests.read(_sealed(items=[{"name": name, "bytes": 1, "sha256": "", "origin": ""}]), "there")
