"""The decisions of filling tables that are there: names, types, order, levels, forms of values."""

from __future__ import annotations

import pytest

from ops.migrate.existing.fit import asks_server, fit, needs_look
from ops.migrate.existing.history import Levels, level_columns
from ops.migrate.existing.match import match
from ops.migrate.existing.model import TargetColumn, TargetKey, TargetTable, TargetType
from ops.migrate.existing.order import load_order
from ops.migrate.inputs import NoInput, as_input
from ops.migrate.model import Column, Table
from ops.migrate.seen import ColumnProfile
from ops.settings import TypeRule

TEXT = TargetType("text", "text")


def standing(*names: str, columns: str = "id") -> dict[str, TargetTable]:
    made = tuple(TargetColumn(name, TEXT) for name in columns.split())
    return {name: TargetTable("public", name, made) for name in names}


def table(name: str, columns: str = "id") -> Table:
    return Table(name, tuple(Column(each, "TEXT") for each in columns.split()))


def test_names_match_exactly_first_and_then_but_for_case() -> None:
    found = match([table("User"), table("log")], standing("User", "user", "LOG", "more"))
    assert [(p.source.name, p.target.name) for p in found.pairs] == [("User", "User"), ("log", "LOG")]
    assert [t.name for t in found.target_only] == ["user", "more"]


def test_a_name_that_could_be_two_is_told_and_not_guessed() -> None:
    found = match([table("user")], standing("User", "USER"))
    assert found.pairs == () and found.unclear == (("user", ("USER", "User")),)


def test_columns_are_matched_by_name_whatever_their_order() -> None:
    pair = match([table("t", "a B c old")], standing("t", columns="c b a plus")).pairs[0]
    assert [(one.name, other.name) for one, other in pair.columns] == [("a", "a"), ("B", "b"), ("c", "c")]
    assert [c.name for c in pair.source_only] == ["old"] and [c.name for c in pair.target_only] == ["plus"]


def test_rules_leave_columns_and_whole_tables_behind() -> None:
    rules = [TypeRule("t.old", type="skip"), TypeRule("gone.*", type="skip")]
    found = match([table("t", "a old"), table("gone")], standing("t", columns="a"), rules=rules)
    assert [c.name for c in found.pairs[0].skipped] == ["old"] and found.source_only == ()
    assert [t.name for t in found.skipped] == ["gone"]


@pytest.mark.parametrize(
    ("target", "profile", "kind", "form"),
    [
        (TargetType("integer", "int4"), ColumnProfile(integers=1, low=7, high=7), "int", ""),
        (TargetType("boolean", "bool"), ColumnProfile(integers=2, high=1), "bool", ""),
        (TargetType("mood", "mood", "E", labels=("a",)), ColumnProfile(texts=1), "other", ""),
        (TargetType("text[]", "_text", "A"), ColumnProfile(texts=1), "other", "array"),
        (TargetType("interval", "interval", "T"), ColumnProfile(integers=1), "other", "microseconds"),
        (TargetType("interval", "interval", "T"), ColumnProfile(texts=1), "other", "since 1970"),
        (TargetType("character(4)", "bpchar", "S", 4), ColumnProfile(texts=1), "other", "padded"),
        (TargetType("real", "float4", "N"), ColumnProfile(reals=1), "other", "single"),
        (TargetType("short", "text", "S", domain=True), ColumnProfile(texts=1), "text", ""),
        (TargetType("inet", "inet", "I"), ColumnProfile(texts=1), "other", ""),
    ],
)
def test_the_carriage_is_that_of_the_type_that_is_there(
    target: TargetType, profile: ColumnProfile, kind: str, form: str
) -> None:
    choice = fit(target, Column("c", "DATETIME"), profile)
    assert (choice.carriage.kind, choice.carriage.form, choice.misfit) == (kind, form, "")


@pytest.mark.parametrize(
    ("base", "low", "high", "fits"),
    [("int2", -(2**15), 2**15 - 1, True), ("int2", 0, 2**15, False), ("int4", -(2**31) - 1, 0, False),
     ("int4", 0, 2**31 - 1, True), ("int8", -(2**63), 2**63 - 1, True)],
)  # fmt: skip
def test_integers_are_measured_against_the_range_of_the_column(
    base: str, low: int, high: int, fits: bool
) -> None:
    profile = ColumnProfile(integers=2, low=low, high=high)
    assert bool(fit(TargetType(base, base), Column("c", "INTEGER"), profile).misfit) is not fits


def test_numbers_become_dates_only_when_their_unit_is_certain() -> None:
    target, column = TargetType("timestamp with time zone", "timestamptz", "D"), Column("c", "INTEGER")
    sure = ColumnProfile(integers=1, low=1_700_000_000_123, high=1_700_000_000_123, forms={"unix_ms": 1})
    assert fit(target, column, sure).carriage.epoch == "unix_ms"
    unsure = ColumnProfile(integers=1, low=635_403_600, high=635_403_600)
    assert "not certain" in fit(target, column, unsure).misfit
    assert fit(target, column, unsure, TypeRule(epoch="mac2001")).carriage.epoch == "mac2001"


def test_values_are_looked_at_only_where_the_counted_forms_prove_nothing() -> None:
    uuid, column = TargetType("uuid", "uuid", "U"), Column("c", "CHAR(32)")
    proved = ColumnProfile(texts=2, forms={"uuid": 2})
    assert not needs_look(uuid, fit(uuid, column, proved), proved)
    doubtful = ColumnProfile(texts=2, forms={"uuid": 1, "odd": 1})
    assert needs_look(uuid, fit(uuid, column, doubtful), doubtful)
    milliseconds = TargetType("timestamp(3) without time zone", "timestamp", "D", 3)
    dates = ColumnProfile(texts=1, forms={"naive": 1})
    assert needs_look(milliseconds, fit(milliseconds, column, dates), dates)


def test_postgresql_is_asked_about_its_own_types_and_about_domains() -> None:
    some, column = ColumnProfile(texts=1), Column("c", "TEXT")
    asked = {
        target.shown: asks_server(target, fit(target, column, some))
        for target in (TEXT, TargetType("inet", "inet", "I"), TargetType("int[]", "_int4", "A"),
                       TargetType("short", "text", "S", domain=True), TargetType("citext", "citext", "S"),
                       TargetType("mood", "mood", "E", labels=("a",)))
    }  # fmt: skip
    assert asked == {
        "text": False,
        "inet": True,
        "int[]": True,
        "short": True,
        "citext": False,
        "mood": False,
    }


def key(parent: str) -> TargetKey:
    return TargetKey(f"to_{parent}", "", ("x",), ("public", parent))


def test_parents_are_loaded_first_and_circles_are_told() -> None:
    chain = [
        TargetTable("public", "c", (), (key("b"),)),
        TargetTable("public", "b", (), (key("a"), key("b"))),
        TargetTable("public", "a", (), (key("elsewhere"),)),
    ]
    assert [name for _, name in load_order(chain).names] == ["a", "b", "c"]
    circle = [TargetTable("public", "a", (), (key("b"),)), TargetTable("public", "b", (), (key("a"),)),
              TargetTable("public", "free", ())]  # fmt: skip
    assert load_order(circle).circles == ((("public", "a"), ("public", "b")),)


def test_a_framework_s_table_is_known_by_name_and_columns() -> None:
    assert level_columns("django_migrations", ("id", "app", "name", "applied")) == ("app", "name")
    assert level_columns("_prisma_migrations", ("id", "migration_name")) == ("migration_name",)
    assert level_columns("SequelizeMeta", ("name",)) == ("name",)
    assert level_columns("ar_internal_metadata", ("key", "value")) == ()
    assert level_columns("migrations", ("bird", "from", "to")) is None


def test_levels_tell_what_each_side_has_alone() -> None:
    levels = Levels(frozenset("abcdef"), frozenset("af"))
    assert not levels.same and levels.said() == ("`c`, `d`, `e` and 1 more", "nothing")


@pytest.mark.parametrize(
    ("form", "given", "made"),
    [
        ("array", '["a", null, "q\\"\\\\", 1.50, true]', '{"a",NULL,"q\\"\\\\","1.50",t}'),
        ("array", "[[1], [2]]", '{{"1"},{"2"}}'),
        ("array", "{1,2}", "{1,2}"),
        ("microseconds", "-5", "-5 microseconds"),
        ("since 1970", "1969-12-31 23:59:59", "-1000000 microseconds"),
        ("single", "0.1", "0.1"),
        ("", "as it is ", "as it is "),
    ],
)
def test_values_take_the_form_that_postgresql_reads(form: str, given: str, made: str) -> None:
    assert as_input(form, given) == made  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("form", "given"),
    [("array", '{"a"'[1:]), ("array", "1"), ("array", '[{"a": 1}]'), ("array", '["\\u0000"]'),
     ("microseconds", "1.5"), ("since 1970", "5 days"), ("padded", "ab "), ("single", "0.123456789")],
)  # fmt: skip
def test_a_value_without_the_form_is_refused(form: str, given: str) -> None:
    with pytest.raises(NoInput):
        as_input(form, given)  # type: ignore[arg-type]
