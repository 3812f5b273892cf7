"""The rules of `types:` in gigops.yaml: read with their lines, and every mistake told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.config import load
from ops.config.resolve import resolve
from ops.errors import UsageError
from ops.migrate.overrides import kind_of, rule_for
from ops.settings import TypeRule

RULES = """\
types:
  - column: orders.*_at
    epoch: unix_ms
  - declared: CHAR(36)
    type: uuid
  - column: "*.note"
    nul: strip
    utf8: cp1252
    empty: null
  - column: Orders.paid_at
    type: timestamp with time zone
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "gigops.yaml"
    file.write_text(text)
    return file


def test_rules_are_read_in_their_order_and_shown_with_their_lines(tmp_path: Path) -> None:
    found = resolve(written(tmp_path, RULES), {}, {})
    assert found.settings.target.types == (
        TypeRule("orders.*_at", epoch="unix_ms"),
        TypeRule(declared="CHAR(36)", type="uuid"),
        TypeRule("*.note", empty="null", nul="strip", utf8="cp1252"),
        TypeRule("Orders.paid_at", type="timestamp with time zone"),
    )
    shown = {o.key: (o.value, o.where) for o in found.origins if o.key.startswith("types")}
    assert shown["types[1]"] == ("declared=CHAR(36) type=uuid", "gigops.yaml:4")


def test_what_several_rules_say_of_a_column_comes_together(tmp_path: Path) -> None:
    rules = load(written(tmp_path, RULES), {}, {}).target.types
    said = rule_for(rules, "orders", "PAID_AT", "INTEGER")
    assert (said.type, said.epoch, said.nul) == ("timestamp with time zone", "unix_ms", "")
    assert rule_for(rules, "users", "id", "char(36)").type == "uuid"
    assert rule_for(rules, "users", "name", "TEXT") == TypeRule("users.name")


@pytest.mark.parametrize(
    ("rule", "line", "told"),
    [
        (
            "column: a.b\n    epcoh: unix",
            3,
            "unknown key `epcoh` of a rule of `types`; did you mean `epoch`?",
        ),
        ("column: a.b\n    epoch: unix_secs", 3, "`epoch`: `unix_secs` is none of unix, unix_ms"),
        ("column: a.b\n    type: text; DROP TABLE x", 3, "is no type of PostgreSQL"),
        ("column: a.b\n    nul: keep", 3, "`nul`: `keep` is none of strip, replace, escape"),
        ("type: uuid", 2, "needs a `column:` or a `declared:`"),
        ("column: a.b", 2, "says nothing"),
        ("column: a.b\n    type: [a]", 3, "`types.type` must be one value"),
        ("text", 2, "a rule is `column:` or `declared:`"),
    ],
)
def test_a_mistake_is_told_with_its_line(rule: str, line: int, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        load(written(tmp_path, f"types:\n  - {rule}\n"), {}, {})
    assert f"gigops.yaml:{line}: " in refused.value.message and told in refused.value.message


def test_types_that_is_no_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`types` must be a list"):
        load(written(tmp_path, "types:\n  column: a.b\n"), {}, {})
    assert load(written(tmp_path, "types:\n"), {}, {}).target.types == ()


@pytest.mark.parametrize(
    ("postgres", "kind"),
    [("NUMERIC(10, 2)", "decimal"), ("varchar(5)", "text"), ("timestamp(3) with time zone", "timestamptz"),
     ("citext", "other"), ("int4", "int"), ("integer[]", "other")],
)  # fmt: skip
def test_a_named_type_is_known_however_it_is_spelled(postgres: str, kind: str) -> None:
    assert kind_of(postgres) == kind
