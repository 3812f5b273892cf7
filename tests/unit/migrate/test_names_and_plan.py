from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ops.migrate.migration import TablePlan
from ops.migrate.model import Column, Table
from ops.migrate.names import LONGEST, Pool, column_names, fit, meeting, quote, styled
from ops.migrate.plan import chunks, rows_a_batch, spans
from ops.migrate.seen import ColumnProfile, TableProfile

COLUMN = Column("id", "INTEGER")
PLAN = TablePlan(
    Path("a.db"), Path("a.db"), "UTF-8", Table("t", (COLUMN,)), TableProfile(0), "public", "t", ()
)


def profiled(name: str, **values: int) -> TablePlan:
    profile = TableProfile(columns={"id": ColumnProfile()}, **values)
    return replace(PLAN, name=name, profile=profile)


def test_names_stay_as_they_are_as_long_as_they_fit() -> None:
    assert fit("Order Details") == "Order Details"
    assert quote('quo"te') == '"quo""te"'


def test_two_long_names_with_the_same_beginning_stay_two() -> None:
    long = "column_" * 10
    names = column_names((long + "a", long + "b", "xmin"))
    assert len(set(names.values())) == 3
    assert all(len(name.encode()) <= LONGEST for name in names.values())
    assert names["xmin"] == "xmin_"
    assert names == column_names((long + "a", long + "b", "xmin")), "the same names every time"


def test_a_long_name_is_not_cut_inside_a_letter() -> None:
    assert len(fit("ä" * 40).encode()) <= LONGEST


def test_a_taken_name_is_given_once() -> None:
    pool = Pool()
    assert pool.take("idx") == "idx"
    other = pool.take("idx", "users")
    assert other != "idx" and other.startswith("idx_")


def test_the_largest_table_comes_first_and_ranges_cover_every_row_id() -> None:
    small = profiled("small", rows=5, lowest_rowid=1, highest_rowid=5)
    large = profiled("large", rows=500_000, lowest_rowid=-7, highest_rowid=9_000_001, bytes=10**9)
    found = chunks([small, large])
    assert [c.table.name for c in found] == ["large", "large", "large", "small"]
    assert found[0].low == -7 and found[2].high == 9_000_001
    assert [two.low for two in found[1:3]] == [(one.high or 0) + 1 for one in found[:2]]


def test_parts_to_compare_leave_no_row_out_on_either_side() -> None:
    source = replace(PLAN.source, rowid_alias="id")
    table = replace(profiled("t", rows=500_000, lowest_rowid=1, highest_rowid=500_000), source=source)
    found = spans(table)
    assert found[0].above is None and found[-1].up_to is None, "rows that only PostgreSQL has count too"
    assert [one.up_to for one in found[:-1]] == [two.above for two in found[1:]]
    assert len(found) == 3 and found[1].within("id") == f"id > {found[1].above} AND id <= {found[1].up_to}"


def test_a_table_without_row_ids_is_one_chunk() -> None:
    table = replace(profiled("t", rows=5), source=replace(PLAN.source, rowid_name=None))
    assert [(c.low, c.high) for c in chunks([table])] == [(None, None)]


def test_large_values_make_small_batches() -> None:
    assert rows_a_batch(TableProfile(10**6, {}, bytes=10**8)) == 50_000
    assert rows_a_batch(TableProfile(1000, {}, bytes=10**10)) == 1
    spread = TableProfile(10**6, {}, bytes=2 * 10**9, large_bytes=10**9, largest=16_000_000)
    assert rows_a_batch(spread) == 4, "large values may stand together"


def test_humps_spaces_and_dots_become_underscores() -> None:
    wanted = {"UserId": "user_id", "eMail": "e_mail", "HTTPStatus": "http_status", "A b": "a_b", "id": "id",
              "OAuth2Token": "o_auth2_token", "_prisma_migrations": "_prisma_migrations"}  # fmt: skip
    assert {name: styled(name, "snake") for name in wanted} == wanted
    assert styled("UserId", "lower") == "userid"
    assert styled("UserId", "preserve") == "UserId"


def test_two_names_that_become_one_are_found() -> None:
    assert meeting(("id", "User Id", "UserId"), "snake") == ("User Id", "UserId")
    assert meeting(("id", "User Id", "UserId"), "preserve") is None
