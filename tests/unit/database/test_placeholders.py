"""`?` and `:name` become psycopg2's, and nothing else in the text changes its meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.database.placeholders import named, positional
from ops.database.tokens import only_reads, pieces
from ops.errors import UsageError


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("SELECT * FROM t WHERE a = ? AND b = ?", "SELECT * FROM t WHERE a = %s AND b = %s"),
        ("SELECT '?' , ?", "SELECT '?' , %s"),
        ("SELECT 'it''s ?', ?", "SELECT 'it''s ?', %s"),
        (r"SELECT E'it\'s ?', ?", r"SELECT E'it\'s ?', %s"),
        (r"SELECT 'a\', ?", r"SELECT 'a\', %s"),
        (r"SELECT type'\', ?", r"SELECT type'\', %s"),
        ('SELECT "a ? b", ?', 'SELECT "a ? b", %s'),
        ('SELECT "a "" ? b", ?', 'SELECT "a "" ? b", %s'),
        ("SELECT ? -- really?\n, ?", "SELECT %s -- really?\n, %s"),
        ("SELECT /* ? /* ? */ ? */ ?", "SELECT /* ? /* ? */ ? */ %s"),
        ("SELECT $$ ? $$, $x$ $$ ? $x$, ?", "SELECT $$ ? $$, $x$ $$ ? $x$, %s"),
        ("SELECT a$b, ?, c$b", "SELECT a$b, %s, c$b"),
        ("SELECT 5 % ?, 'like %'", "SELECT 5 %% %s, 'like %%'"),
        ("SELECT %s", "SELECT %%s"),
        ("SELECT data ?? 'key', data ??| ?", "SELECT data ? 'key', data ?| %s"),
        ("VALUES (?,?)", "VALUES (%s,%s)"),
        ("SELECT 'never closed ?", "SELECT 'never closed ?"),
        ("SELECT :name, ?::int", "SELECT :name, %s::int"),
        ("", ""),
    ],
)
def test_question_marks_in_code_become_placeholders(written: str, sent: str) -> None:
    assert positional(written) == sent


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("SELECT :a, :b_2", "SELECT %(a)s, %(b_2)s"),
        ("SELECT ':a', x::text, :a::int", "SELECT ':a', x::text, %(a)s::int"),
        ("SELECT a[1:2], :a", "SELECT a[1:2], %(a)s"),
        ("SELECT data ? 'k', 5 % :a", "SELECT data ? 'k', 5 %% %(a)s"),
    ],
)
def test_names_in_code_become_placeholders(written: str, sent: str) -> None:
    assert named(written) == sent


def test_a_numbered_placeholder_is_refused_with_the_portable_form() -> None:
    with pytest.raises(UsageError, match=r"\?1"):
        positional("SELECT ?1")


@given(st.text(alphabet="ab?'\"`-/*\n$%:eE\\ x1"))
def test_no_text_loses_a_character(sql: str) -> None:
    assert "".join(text for _, text in pieces(sql)) == sql


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("SELECT 1", True),
        ("  -- insert\n select 1", True),
        ("(SELECT 1) UNION (SELECT 2)", True),
        ("WITH x AS (SELECT 1) SELECT * FROM x", True),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", False),
        ("WITH x AS (SELECT 'delete') SELECT * FROM x", True),
        ("/* c */ INSERT INTO t VALUES (1) RETURNING id", False),
        ("DELETE FROM t", False),
        ("CREATE TABLE t (a)", False),
        ("", True),
    ],
)
def test_only_a_statement_that_surely_reads_passes_the_gate(sql: str, reads: bool) -> None:
    assert only_reads(sql) is reads
