from __future__ import annotations

import pytest

from ops.migrate.model import Column
from ops.migrate.seen import ColumnProfile
from ops.migrate.choose import Wishes, choose_type
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
    ("TEXT", ColumnProfile(texts=1, blobs=1), "text", True),
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
