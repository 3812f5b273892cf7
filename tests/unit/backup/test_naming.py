"""Ids sort as time does, and no application's backups are mistaken for another's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.backup import naming
from ops.errors import UsageError

MOMENT = datetime(2026, 11, 23, 20, 35, 12, 345678, tzinfo=UTC)


def test_an_id_is_its_utc_time_and_a_random_part() -> None:
    assert naming.new_id(MOMENT, "9c1d7fab") == "20261123-203512345-9c1d7f"


@given(st.integers(1, 10**11), st.text("0123456789abcdef", min_size=6, max_size=6))
def test_later_ids_sort_behind_earlier_ones(milliseconds: int, token: str) -> None:
    later = MOMENT + timedelta(milliseconds=milliseconds)
    assert naming.new_id(MOMENT, "ffffff") < naming.new_id(later, token)


def test_a_backup_lies_below_its_application_year_and_month() -> None:
    key = naming.manifest_key("shop", "20261123-203512345-9c1d7f")
    assert key == "v1/shop/2026/11/20261123-203512345-9c1d7f/manifest.json"


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_no_two_applications_share_a_folder(one: str, other: str) -> None:
    first, second = naming.app_folder(one), naming.app_folder(other)
    assert (first == second) is (one == other)
    assert not first.startswith(second) or one == other
    assert ".." not in first.split("/")
    assert first.count("/") == 2


@pytest.mark.parametrize("text", ["", "latest ", "../20261123-203512345-9c1d7f", "20261123-203512345-9C1D7F"])
def test_what_is_no_id_is_refused_before_it_becomes_a_path(text: str) -> None:
    with pytest.raises(UsageError, match="no backup id"):
        naming.folder("shop", text)


def test_only_a_manifest_makes_a_backup() -> None:
    old, new, cut = (f"2026112{n}-203512345-9c1d7f" for n in (1, 2, 3))
    keys = [naming.manifest_key("shop", old), naming.manifest_key("shop", new)]
    keys += [naming.folder("shop", cut) + "data/database.dump", "v1/shop/notes/mine.txt"]
    keys += [naming.folder("shop", cut) + "manifest.json.partial-00aa", naming.folder("shop", new) + "data/x"]

    assert naming.by_state(keys) == ([new, old], [cut])


def test_equal_file_names_are_told_apart_whatever_their_case() -> None:
    assert naming.distinct(["a.db", "A.db", "a.db", ".env", ".env", "b"]) == [
        *("a.db", "A-2.db", "a-3.db", ".env", ".env-2", "b"),
    ]


@given(st.text(min_size=1, max_size=80))
def test_a_restored_databases_name_fits_postgresql(current: str) -> None:
    name = naming.restored_database(current, "20261123-203512345-9c1d7f")
    assert len(name.encode()) <= 63
    assert name.endswith("_restored_20261123_203512345_9c1d7f")
