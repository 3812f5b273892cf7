"""`gigops config`: what counts, where from, what is wrong."""

from __future__ import annotations

from pathlib import Path

from tests.cli.words import Said, gigops


def config(folder: Path, *words: str, **env: str) -> Said:
    head = [w for w in words if w in ("--json",)]
    return gigops(
        *head, "config", *(w for w in words if w not in head), cwd=folder, env=env, modules=("config", "env")
    )


def test_each_value_is_shown_with_its_origin_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "gigops.yaml").write_text("app:\n  name: shop\n")
    said = config(tmp_path, "show", "--origin", GIGOPS_TARGET_URL="postgresql://u:geheim@h/d")
    rows = {line.split()[0]: line.split()[1:] for line in said.out.splitlines()}
    assert rows["app.name"] == ["shop", "gigops.yaml:2"]
    assert rows["target.url"] == ["postgresql://u:***@h:5432/d", "GIGOPS_TARGET_URL"]
    assert rows["target.schema"] == ["public", "default"]
    assert "geheim" not in said.out + said.err


def test_json_is_one_object_with_the_same(tmp_path: Path) -> None:
    (tmp_path / "gigops.yaml").write_text("target: {url: 'postgresql://u:geheim@h/d'}\n")
    said = config(tmp_path, "show", "--json")
    url = said.report["settings"]["target.url"]
    assert url == {"value": "postgresql://u:***@h:5432/d", "origin": "gigops.yaml:1"}
    assert "a password stands in the file" in said.err and "geheim" not in said.out + said.err


def test_check_tells_mistakes_with_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "gigops.yaml").write_text("app: {nam: x}\ntarget: {port: x}\n")
    said = config(tmp_path, "check")
    assert said.code == 2 and said.error and said.error.message.count("gigops.yaml:") == 2


def test_check_says_which_sources_are_not_what_they_should_be(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("x")
    (tmp_path / "gigops.yaml").write_text("sources: [text.db, gone.db]\n")
    said = config(tmp_path, "check")
    assert said.code == 0
    assert "text.db is not SQLite" in said.out and "gone.db is not there" in said.out


def test_check_without_a_file_names_init(tmp_path: Path) -> None:
    said = config(tmp_path, "check")
    assert said.code == 2 and said.error and said.error.hint == "gigops init"


def test_a_config_that_is_not_there_is_not_taken_for_the_defaults(tmp_path: Path) -> None:
    said = gigops("--config", "gone.yaml", "config", "show", cwd=tmp_path, modules=("config", "env"))
    assert said.code == 2 and said.error and "gone.yaml" in said.error.message
