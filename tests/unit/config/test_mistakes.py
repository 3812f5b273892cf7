"""Everything wrong with gigops.yaml is told at once, with its line and the nearest right thing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.config import load
from ops.config.document import parse
from ops.errors import UsageError


def refusal(tmp_path: Path, text: str | bytes) -> str:
    file = tmp_path / "gigops.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UsageError) as caught:
        load(file, {}, {})
    assert "gigops config check" in caught.value.hint
    return caught.value.message


def test_all_mistakes_come_at_once_from_top_to_bottom(tmp_path: Path) -> None:
    text = """\
app:
  name: my app
  helth_url: http://x
  stop: a
  stop: b
target:
  provider: dokcer
  port: 99999
cutover: {window: 90}
sources:
  - a.db
  - ./a.db
"""
    lines = refusal(tmp_path, text).splitlines()
    assert lines[0] == "the settings hold 7 mistakes"
    assert [line.split(": ")[0].strip() for line in lines[1:]] == [
        f"gigops.yaml:{n}" for n in (2, 3, 5, 7, 8, 9, 12)
    ]
    assert "try `my-app`" in lines[1]
    assert "did you mean `app.health_url`" in lines[2]
    assert "a second time; the first is on line 4" in lines[3]


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("souces: []", "sources"),
        ("App: {}", "app"),
        ("provider: docker", "target.provider"),
        ("env_file: .env", "app.env_file"),
        ("target_url: x", "target.url"),
        ("app: {env-file: x}", "app.env_file"),
        ("app: {healthUrl: x}", "app.health_url"),
        ("target: {window: 5m}", "cutover.window"),
        ("sources: [{pth: a.db}]", "path"),
    ],
)
def test_an_unknown_key_is_told_its_nearest_neighbour(tmp_path: Path, key: str, meant: str) -> None:
    assert f"did you mean `{meant}`?" in refusal(tmp_path, key)


def test_a_key_like_no_other_gets_the_list(tmp_path: Path) -> None:
    assert "here gigops knows: window, reserve" in refusal(tmp_path, "cutover: {qqq: 1}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("app:\n\tname: x\n", "gigops.yaml:2: a tab"),
        ("app:\n  stop: *x\n", "gigops.yaml:2: a value that begins with `*`"),
        ("backup:\n  schedule: */5 * * * *\n", "gigops.yaml:2: a value that begins with `*`"),
        ("app:\n  stop: a: b\n", "gigops.yaml:2: not valid YAML"),
        ("app: [1\n", "not valid YAML"),
        ("app: {}\n---\napp: {}\n", "gigops.yaml:2: not valid YAML"),
        ("- a\n", "gigops.yaml:1: must be keys and values"),
        ("app: x\n", "`app` must hold keys of its own"),
        ("app:\n  name: [a]\n", "gigops.yaml:2: `app.name` must be one value"),
        ("app: &a\n  name: *a\n", "must be one value"),
        ("sources: a.db\n", "must be a list"),
        ("sources: [{schema: x}]\n", "a source needs a `path:`"),
        ("sources: [[a]]\n", "a source is a path"),
        ("? [a]\n: b\n", "a key must be a word"),
        (b"app:\n  name: caf\xe9\n", "gigops.yaml:2: is not UTF-8"),
        (b"app:\n  name: a\x07\n", "gigops.yaml:2: holds a control character"),
        ("target: {url: 'mysql://u:geheim@h/d'}\n", "not a PostgreSQL URL"),
        ("target: {version: latest}\n", "write it like 17"),
        ("target: {into_existing: perhaps}\n", "neither true nor false"),
        ("app: {health_url: localhost/x}\n", "http:// or https://"),
        ("backup: {schedule: '@daily'}\n", "five cron fields"),
        ("cutover: {window: 20s}\n", "must be shorter than `cutover.window`"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str | bytes, told: str) -> None:
    message = refusal(tmp_path, text)
    assert told in message
    assert "geheim" not in message


def test_a_value_that_a_stronger_place_hides_is_checked_too(tmp_path: Path) -> None:
    file = tmp_path / "gigops.yaml"
    file.write_text("target: {port: many}\n")
    with pytest.raises(UsageError, match=r"gigops\.yaml:1"):
        load(file, {"GIGOPS_TARGET_PORT": "5432"}, {})


def test_variables_and_flags_are_named_by_their_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path / "gigops.yaml", {"GIGOPS_TARGET_PORT": "x"}, {"cutover.window": "x"})
    assert "GIGOPS_TARGET_PORT: `target.port`" in caught.value.message
    assert "flag: `cutover.window`" in caught.value.message


def test_a_file_of_the_other_ending_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "gigops.yml").write_text("app: {}\n")
    with pytest.raises(UsageError, match=r"gigops\.yml"):
        load(tmp_path / "gigops.yaml", {}, {})


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text("ab:- \n\t[]{}&*!|>'\"#%@`,?~", max_size=40).map(str.encode))
def test_any_bytes_are_settings_or_mistakes_never_a_crash(content: bytes) -> None:
    document = parse(content, "gigops.yaml")
    assert all(m.where.startswith("gigops.yaml") for m in document.mistakes)
