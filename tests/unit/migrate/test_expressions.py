from __future__ import annotations

import pytest

from ops.migrate.defaults import translate_default
from ops.migrate.expressions import Operand, Untranslatable, translate
from ops.migrate.patterns import glob_to_regex, strftime_to_char
from ops.migrate.types import Carriage, Kind, TypeChoice

COLUMNS = {
    "a": Operand("a", "int"),
    "b": Operand("b", "text"),
    "c": Operand("C x", "real"),
    "n": Operand("n", "text", "NOCASE"),
    "u": Operand("u", "text", "UNICASE"),
}
STAMP = "to_char((now() at time zone 'utc'), 'YYYY-MM-DD HH24:MI:SS')"


@pytest.mark.parametrize(
    ("sqlite", "postgres"),
    [
        ("a IN (0,1)", '("a" IN (0, 1))'),
        ("A > 1 AND b NOTNULL", '(("a" > 1) AND (NOT ("b" IS NULL)))'),
        ("a", '("a" <> 0)'),
        ("(a IS NULL) + (b IS NULL) = 1", '((((("a" IS NULL)))::int + ((("b" IS NULL)))::int) = 1)'),
        ("b >= 0", "(\"b\" >= '0')"),
        ("a BETWEEN 1 AND '5'", '("a" BETWEEN 1 AND 5)'),
        ('b = "foo"', "(\"b\" = 'foo')"),
        ("b LIKE 'x%'", "(\"b\" ILIKE 'x%' ESCAPE '')"),
        ("b GLOB '[0-9]*'", "(\"b\" ~ '^[0-9].*$')"),
        ("b IS NOT 'x'", "(\"b\" IS DISTINCT FROM 'x')"),
        ("a % 2 = 0", '(("a" % 2) = 0)'),
        ("length(b) <= 3", '(length("b") <= 3)'),
        ("c > 1.5", '("C x" > 1.5)'),
    ],
)
def test_a_condition_keeps_its_meaning(sqlite: str, postgres: str) -> None:
    assert translate(sqlite, COLUMNS, truth=True) == postgres


@pytest.mark.parametrize(
    "sqlite", ["unheard(b)", "a = 'x'", "u = 'x'", "zz = 1", "a IN (SELECT 1)", "b", "a ="]
)
def test_what_has_no_certain_counterpart_is_said_and_not_guessed(sqlite: str) -> None:
    with pytest.raises(Untranslatable):
        translate(sqlite, COLUMNS, truth=True)


@pytest.mark.parametrize(
    ("default", "kind", "expected"),
    [
        ("CURRENT_TIMESTAMP", "text", STAMP),
        ("current_timestamp", "text", STAMP),
        ("datetime('now')", "text", STAMP),
        ("(strftime('%Y-%m-%dT%H:%M:%fZ','now'))", "text",
         "to_char((now() at time zone 'utc'), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"),
        ("(strftime('%s','now'))", "int", "floor(extract(epoch from (now() at time zone 'utc')))::bigint"),
        ("0", "text", "'0'"),
        ("'1'", "int", "1"),
        ("-1", "int", "-1"),
        ("1e3", "int", "1000"),
        ("0x10", "int", "16"),
        ("TRUE", "int", "1"),
        ("NULL", "int", None),
        ("'null'", "text", "'null'"),
        ("'it''s'", "text", "'it''s'"),
        ('""', "text", "''"),
        ('"abc"', "text", "'abc'"),
        ("x'00FF'", "bytes", "'\\x00ff'::bytea"),
        ("lower(hex(randomblob(16)))", "text", "replace(gen_random_uuid()::text, '-', '')"),
    ],
)  # fmt: skip
def test_a_default_yields_what_sqlite_would_have_stored(
    default: str, kind: Kind, expected: str | None
) -> None:
    assert translate_default(default, TypeChoice("", Carriage(kind, frozenset()), "")) == expected


@pytest.mark.parametrize(
    ("default", "kind"),
    [("CURRENT_TIMESTAMP", "int"), ("'abc'", "int"), ("1.5", "int"),
     ("(datetime('now', 'localtime'))", "text"),
     ("(unheard(1))", "text"), ("5", "bytes")],
)  # fmt: skip
def test_a_default_that_cannot_be_kept_is_said(default: str, kind: Kind) -> None:
    with pytest.raises(Untranslatable):
        translate_default(default, TypeChoice("", Carriage(kind, frozenset()), ""))


def test_patterns_match_what_sqlite_matches() -> None:
    assert glob_to_regex("a*b?[^x-z].+") == r"^a.*b.[^x-z]\.\+$"
    assert strftime_to_char("%d/%m at %H") == 'DD/MM" at "HH24'
    assert strftime_to_char("%W") is None
