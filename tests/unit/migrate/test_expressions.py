from __future__ import annotations

import pytest

from ops.migrate.defaults import translate_default
from ops.migrate.expressions import Operand, Piece, Untranslatable, translate
from ops.migrate.expressions.comparisons import like_kinds
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


NATIVE = {
    "f": Operand("f", "bool", type="boolean", reads=frozenset({"integer"})),
    "d": Operand("d", "date", type="date", reads=frozenset({"text"})),
    "t": Operand("t", "timestamp", type="timestamp", reads=frozenset({"text"}), shape="naive 19 "),
    "z": Operand("z", "timestamptz", type="timestamptz", reads=frozenset({"integer"}), epoch="unix"),
    "j": Operand("j", "jsonb", type="jsonb"),
    "x": Operand("x", "text"),
    "u": Operand("u", "uuid", type="uuid"),
    "s": Operand("s", "int", type="smallint"),
    "m": Operand("m", "decimal", type="numeric"),
}


@pytest.mark.parametrize(
    ("sqlite", "postgres"),
    [
        ("f = 1", '"f"'),
        ("f = 0 OR f", '((NOT "f") OR "f")'),
        ("f IN (0, 1)", '("f" IN (false, true))'),
        ("f = 2", '(("f")::int = 2)'),
        ("d >= '2000-01-01'", "(\"d\" >= '2000-01-01'::date)"),
        ("t > '2020-01-01'", "(\"t\" > '2020-01-01'::timestamp)"),
        ("z > 86400", "(\"z\" > '1970-01-02 00:00:00+00:00'::timestamptz)"),
        ("json_extract(j, '$.a.b[0]') = 'x'", "((\"j\" #>> '{a,b,0}') = 'x')"),
        ("j ->> 'k' = 'x'", "((\"j\" #>> '{k}') = 'x')"),
        ("json_valid(j)", '("j" IS NOT NULL OR NULL)'),
        ("u = '6b29fc40ca471067b31d00dd010662da'", "(\"u\" = '6b29fc40ca471067b31d00dd010662da'::uuid)"),
        ("s * s > 0", '((("s")::bigint * "s") > 0)'),
        ("x COLLATE NOCASE = 'a'", '(lower("x" COLLATE "C") = lower(\'a\' COLLATE "C"))'),
    ],
)
def test_a_condition_on_native_types_keeps_its_meaning(sqlite: str, postgres: str) -> None:
    assert translate(sqlite, NATIVE, truth=True) == postgres


@pytest.mark.parametrize(
    "sqlite",
    ["d > '2020-01-01 10:00'", "d = 5", "d > t", "length(t) = 19", "m / 3 > 1", "j = 'x'",
     "f = 'maybe'", "x = 1 + 1", "strftime('%W', d) = '1'", "t < datetime('now', 'localtime')"],
)  # fmt: skip
def test_a_condition_on_native_types_that_is_not_certain_is_said(sqlite: str) -> None:
    with pytest.raises(Untranslatable):
        translate(sqlite, NATIVE, truth=True)


def test_moments_are_compared_as_the_texts_they_were() -> None:
    left, right = (Piece('"t"', "timestamp", operand=NATIVE["t"]), Piece("", "text", "2020-01-01"))
    assert like_kinds(left, right, exact=True)[1] == "'2019-12-31 23:59:59.999999'::timestamp"
    assert like_kinds(left, right)[1] == "'2020-01-01'::timestamp"


@pytest.mark.parametrize(
    ("default", "kind", "expected"),
    [
        ("CURRENT_TIMESTAMP", "timestamp", "date_trunc('second', (now() at time zone 'utc'))"),
        ("(date('now'))", "date", "((now() at time zone 'utc'))::date"),
        ("'f'", "bool", "false"),
        ("1", "bool", "true"),
        ("'{}'", "jsonb", "'{}'::jsonb"),
        ("(lower(hex(randomblob(16))))", "uuid", "gen_random_uuid()"),
        ("'2020-01-01'", "timestamptz", "'2020-01-01 00:00:00+00:00'::timestamptz"),
    ],
)
def test_a_default_of_a_native_type_is_of_that_type(default: str, kind: Kind, expected: str) -> None:
    assert translate_default(default, TypeChoice("", Carriage(kind, frozenset()), "")) == expected


@pytest.mark.parametrize(
    ("default", "kind"),
    [
        ("'0000-00-00'", "date"),
        ("'maybe'", "bool"),
        ("'{'", "json"),
        ("'x'", "uuid"),
        ("CURRENT_TIME", "date"),
    ],
)
def test_a_default_that_no_value_of_the_type_is_is_said(default: str, kind: Kind) -> None:
    with pytest.raises(Untranslatable):
        translate_default(default, TypeChoice("", Carriage(kind, frozenset()), ""))
