"""Rejects as lines that lose nothing, files that any table may have, constants that SQLite reads exactly."""

from __future__ import annotations

import json
import math
import sqlite3
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.migrate.careful import BadText, Value
from ops.migrate.model import Table
from ops.migrate.rejects.find import refuse_too_many, together
from ops.migrate.rejects.lines import decode, encode, file_names, key_text, read_line, write_line
from ops.migrate.rejects.literals import left_out, literal
from ops.migrate.rejects.model import Count, Example, Found, Problem, Reject, Row
from ops.settings import Target

VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
    st.binary(min_size=1).map(lambda raw: BadText(b"\xff" + raw)),
)


def bits(value: Value) -> object:
    return struct.pack(">d", value) if isinstance(value, float) else (type(value), value)


@given(VALUES)
def test_every_value_comes_back_bit_for_bit_from_its_line(value: Value) -> None:
    row = Row({"k": value}, (Problem(("a", "b"), "why"),), {'quo"te\n': value})
    line = write_line(row)
    assert "\n" not in line
    if isinstance(value, float) and math.isnan(value):
        assert math.isnan(read_line(line).row['quo"te\n'])  # type: ignore[arg-type]
        return
    read = read_line(line)
    assert bits(read.row['quo"te\n']) == bits(value) == bits(decode(json.loads(json.dumps(encode(value)))))
    assert read == row and key_text(read.key) == key_text(row.key)


@given(VALUES.filter(lambda v: v is not None and not (isinstance(v, float) and math.isnan(v))))
def test_sqlite_reads_the_constant_as_exactly_this_value(value: Value) -> None:
    connection = sqlite3.connect(":memory:")
    connection.text_factory = bytes
    kind, found = connection.execute(f"SELECT typeof(x), x FROM (SELECT {literal(value)} AS x)").fetchone()
    kinds = {int: "integer", float: "real", str: "text", bytes: "blob", BadText: "text"}
    assert kind.decode() == kinds[type(value)]
    expected = value.encode() if isinstance(value, str) else value
    assert found == expected


def test_the_condition_names_rows_by_row_id_or_by_the_whole_key() -> None:
    by_id, by_key = Table("t", ()), Table("t", (), primary_key=("a", 'b"'), rowid_name=None)
    why = (Problem(("v",), "no"),)
    assert left_out(by_id, [], "UTF-8") == ""
    assert left_out(by_id, [Reject((4,), why), Reject((-1,), why)], "UTF-8") == "rowid IN (4, -1)"
    one = Reject(("it's", 2), why)
    assert left_out(by_key, [one], "UTF-8", alias="p") == """(p."a", p."b""\") IN (VALUES ('it''s', 2))"""


def test_a_file_has_a_safe_name_whatever_the_table_is_called() -> None:
    odd = [
        "plain",
        "table/with/slashes.csv",
        "..",
        "",
        "a b",
        "Settings",
        "settings",
        "ünï",
        "x" * 300,
        "nul\0",
    ]
    names = file_names(odd)
    assert (
        names["plain"] == "plain.jsonl"
        and names["table/with/slashes.csv"] == "table%2Fwith%2Fslashes.csv.jsonl"
    )
    assert len({name.lower() for name in names.values()}) == len(odd), "also where case does not count"
    for name in names.values():
        assert "/" not in name and "\0" not in name and not name.startswith(".") and len(name.encode()) < 220
        assert name.isascii()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (5, 5),
        (2.5, 2.5),
        (True, 1),
        (None, None),
        ("x", "x"),
        ({"real": "1e3"}, 1000.0),
        ({"blob": "00ff"}, b"\0\xff"),
    ],
)
def test_what_a_person_writes_is_read(written: object, value: Value) -> None:
    assert bits(decode(written)) == bits(value)


@pytest.mark.parametrize(
    "written", [[1], {"real": 1}, {"blob": "xyz"}, {"text": "00", "b": 1}, {}, {"is": 1}]
)
def test_what_is_no_value_is_said(written: object) -> None:
    with pytest.raises(ValueError):
        decode(written)


@pytest.mark.parametrize("line", ["", "{", "[]", '{"key": {}}', '{"key": 1, "problems": [], "row": {}}'])
def test_a_broken_line_is_said(line: str) -> None:
    with pytest.raises(ValueError):
        read_line(line)


def test_no_more_rows_are_left_out_than_the_user_allows() -> None:
    problem = Problem(("v",), "no whole number")
    found = Found(3, (Count("t", problem, 3),), (Example("t", "a.db", {"id": 2}, problem, "'x'"),))
    refuse_too_many(found, Target(allow_rejects=3))
    refuse_too_many(Found(), Target())
    with pytest.raises(Exception, match=r"6 rows cannot be carried; the first: `t.v` in `a.db`") as refused:
        refuse_too_many(together([found, found]), Target(allow_rejects=5))
    assert "--allow-rejects 6 to set them aside" in refused.value.hint  # type: ignore[attr-defined]
