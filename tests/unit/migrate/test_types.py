from __future__ import annotations

import pytest

from ops.migrate.choose import Wishes, choose_type
from ops.migrate.model import Column
from ops.migrate.seen import ColumnProfile
from ops.migrate.types import describe

INTS = ColumnProfile(integers=3, low=0, high=9, digits=1, places=0)
EMPTY = ColumnProfile()
TEXTS = ColumnProfile(texts=2, longest=5)
CASES = [
    ("INTEGER", INTS, "bigint", False),
    ("SMALLINT", INTS, "smallint", False),
    ("SMALLINT UNSIGNED", ColumnProfile(integers=1, low=0, high=40_000), "integer", False),
    ("SMALLINT", ColumnProfile(integers=1, low=0, high=2**40), "bigint", False),
    ("MEDIUMINT", INTS, "integer", False),
    ("BOOLEAN", INTS, "bigint", False),
    ("BOOLEAN", ColumnProfile(texts=2), "text", False),
    ("BOOLEAN", ColumnProfile(integers=1, texts=1), "text", True),
    ("REAL", ColumnProfile(reals=3), "double precision", False),
    ("DOUBLE PRECISION", EMPTY, "double precision", False),
    ("REAL", ColumnProfile(reals=3, texts=1), "text", True),
    ("DECIMAL (5, 2)", ColumnProfile(reals=1, digits=3, places=2), "numeric(5,2)", False),
    ("DECIMAL(10,2)", ColumnProfile(reals=1, digits=3, places=3), "numeric", False),
    ("NUMERIC", ColumnProfile(reals=1, integers=1, digits=3, places=3), "numeric", False),
    ("NUMERIC", ColumnProfile(reals=1, finite=False), "double precision", False),
    ("NUMERIC", ColumnProfile(reals=1, digits=1, places=300), "double precision", False),
    ("VARCHAR(5)", TEXTS, "varchar(5)", False),
    ("NVARCHAR(4)", TEXTS, "text", False),
    ("TEXT", TEXTS, "text", False),
    ("TEXT", ColumnProfile(texts=2, nul_texts=1), "bytea", True),
    ("TEXT", ColumnProfile(texts=1, blobs=1), "text", False),
    ("TEXT", ColumnProfile(texts=1, blobs=1, bad_blobs=1), "bytea", True),
    ("BLOB", ColumnProfile(blobs=2), "bytea", False),
    ("BLOB", ColumnProfile(blobs=2, texts=1), "bytea", True),
    ("POINT", ColumnProfile(blobs=1), "bytea", False),
    ("TIMESTAMP", TEXTS, "text", False),
    ("TIMESTAMP", INTS, "bigint", False),
    ("DATETIME", ColumnProfile(reals=2, integers=2), "double precision", False),
    ("DATE", ColumnProfile(texts=2, integers=2), "text", True),
    ("JSON", ColumnProfile(texts=2, integers=2), "text", False),
    ("GUID", ColumnProfile(blobs=2), "bytea", False),
    ("INTEGER", ColumnProfile(integers=3, texts=1), "text", True),
    ("INTEGER", ColumnProfile(integers=3, reals=1), "double precision", True),
    (
        "INTEGER",
        ColumnProfile(integers=1, reals=1, low=2**60, high=2**60, digits=19, places=1),
        "numeric",
        True,
    ),
    ("", INTS, "bigint", False),
    ("", EMPTY, "text", False),
    ("", ColumnProfile(integers=1, reals=1), "double precision", False),
    ("INTEGER NON", EMPTY, "bigint", False),
    ("INTERGER", ColumnProfile(texts=1), "text", False),
]


NATIVE = [
    ("BOOLEAN", INTS, "bigint", True),
    ("BOOLEAN", ColumnProfile(integers=3, high=1), "boolean", False),
    ("BIT", EMPTY, "boolean", False),
    ("TINYINT(1)", ColumnProfile(integers=3, high=1), "boolean", False),
    ("TINYINT(1)", INTS, "smallint", False),
    ("BOOLEAN", ColumnProfile(integers=1, high=1, texts=2, forms={"bool": 2}), "boolean", False),
    ("BOOLEAN", ColumnProfile(integers=1, texts=2, forms={"bool": 1, "odd": 1}), "text", True),
    ("DATE", EMPTY, "date", False),
    ("DATE", ColumnProfile(texts=2, forms={"date": 2}), "date", False),
    ("DATE", ColumnProfile(texts=2, forms={"date": 1, "naive": 1}), "timestamp", False),
    ("DATE", ColumnProfile(texts=2, forms={"date": 1, "odd": 1}), "text", True),
    ("DATETIME", ColumnProfile(texts=2, forms={"naive": 2}), "timestamp", False),
    ("DATETIME", ColumnProfile(texts=2, forms={"naive": 1, "zoned": 1}), "timestamptz", False),
    ("TIMESTAMPTZ", ColumnProfile(texts=1, forms={"naive": 1}), "timestamptz", False),
    ("DATETIME", ColumnProfile(integers=2, forms={"unix": 2}), "timestamptz", False),
    ("DATETIME", ColumnProfile(integers=2, forms={"unix": 1}), "timestamptz", False),
    ("DATETIME", ColumnProfile(integers=2, forms={"unix": 1, "unix_ms": 1}), "bigint", False),
    ("DATETIME", ColumnProfile(integers=2, forms={"unix": 1, "astray": 1}), "bigint", False),
    ("DATETIME", ColumnProfile(integers=2), "bigint", False),
    ("DATETIME", ColumnProfile(reals=2, forms={"julian": 2}), "timestamptz", False),
    ("DATETIME", ColumnProfile(integers=2, forms={"julian": 2}), "bigint", False),
    ("DATETIME", ColumnProfile(reals=2, integers=1, forms={"julian": 2}), "double precision", False),
    ("TIME", ColumnProfile(texts=1, forms={"clock": 1}), "time", False),
    ("TIME", INTS, "bigint", False),
    ("JSON", ColumnProfile(texts=2, forms={"jsonb": 2}), "jsonb", False),
    ("JSON", ColumnProfile(texts=2, integers=1, forms={"jsonb": 1, "json": 1}), "json", False),
    ("JSON", ColumnProfile(texts=2, forms={"jsonb": 1, "empty": 1}), "text", True),
    ("UUID", ColumnProfile(texts=2, forms={"uuid": 2, "uuid plain": 2}), "uuid", False),
    ("GUID", ColumnProfile(blobs=2), "bytea", False),
    ("GUID", ColumnProfile(texts=2, forms={"uuid": 1, "odd": 1}), "text", True),
    ("DECIMAL(9,2)", ColumnProfile(texts=1, digits=2, places=1, forms={"decimal": 1}), "numeric(9,2)", False),
    ("INTEGER", ColumnProfile(integers=1, reals=1, whole=1), "bigint", False),
    ("REAL", ColumnProfile(reals=3), "double precision", False),
]


@pytest.mark.parametrize(("declared", "profile", "expected", "misfit"), NATIVE)
def test_native_types_need_every_value(
    declared: str, profile: ColumnProfile, expected: str, misfit: bool
) -> None:
    choice = choose_type(Column("c", declared), profile)
    assert bool(choice.misfit) == misfit
    wide = choose_type(Column("c", declared), profile, Wishes(on_misfit="widen"))
    assert wide.postgres == expected and bool(wide.misfit) == misfit
    assert choice.reason and wide.reason


def test_numbers_of_no_certain_epoch_stay_numbers_and_the_way_out_is_named() -> None:
    choice = choose_type(Column("c", "DATETIME"), ColumnProfile(reals=1))
    assert choice.postgres == "double precision"
    assert "`epoch:` under `types:` in gigops.yaml" in choice.reason and "mac2001" in choice.reason


def test_a_number_with_a_default_of_true_or_false_is_a_boolean() -> None:
    bits = ColumnProfile(integers=2, high=1, digits=1, places=0)
    for default in ("false", "TRUE", "'false'", "(true)"):
        assert choose_type(Column("c", "NUMERIC", default=default), bits).postgres == "boolean"
    assert choose_type(Column("c", "NUMERIC", default="0"), bits).postgres == "numeric"
    assert choose_type(Column("c", "NUMERIC", default="false"), INTS).postgres == "numeric"


def test_to_reject_keeps_the_declared_type() -> None:
    aside = Wishes(on_misfit="reject")
    for declared, profile, kind in [
        ("BOOLEAN", INTS, "bool"),
        ("INTEGER", ColumnProfile(integers=3, texts=1), "int"),
        ("DATE", ColumnProfile(texts=2, forms={"date": 1, "odd": 1}), "date"),
        ("TEXT", ColumnProfile(texts=2, bad_texts=1), "text"),
    ]:
        choice = choose_type(Column("c", declared), profile, aside)
        assert choice.carriage.kind == kind and "does not hold them all" in choice.reason


@pytest.mark.parametrize(("declared", "profile", "expected", "misfit"), CASES)
def test_the_declared_type_and_the_values_decide_together(
    declared: str, profile: ColumnProfile, expected: str, misfit: bool
) -> None:
    choice = choose_type(Column("c", declared), profile, Wishes(compat=True))
    assert choice.postgres == expected
    assert bool(choice.misfit) == misfit
    assert choice.reason


def test_a_misfit_names_the_class_that_is_odd() -> None:
    choice = choose_type(Column("c", "INTEGER"), ColumnProfile(integers=3, texts=900, high=7))
    assert choice.problem == "text"
    assert "declared INTEGER, but the values are 3 integers 0..7, 900 texts" in choice.misfit


def test_values_are_described_for_people() -> None:
    assert describe(ColumnProfile(nulls=2, integers=3, low=1, high=9)) == "3 integers 1..9, 2 NULL"
    assert describe(EMPTY) == "no rows"
