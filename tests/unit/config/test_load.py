"""Flags over GIGOPS_* over gigops.yaml over defaults, and where each value came from."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ops.config import load, origins, require_sources, resolve
from ops.config.keys import KEYS
from ops.errors import UsageError
from ops.settings import Source, Target
from ops.values import DatabaseUrl, Duration, Secret

EXAMPLE = Path(__file__).parents[3] / "config/gigops.example.yaml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gigops.yaml"


def where(file: Path, key: str, environ: dict[str, str], flags: dict[str, str]) -> str:
    return next(o.where for o in origins(file, environ, flags) if o.key == key)


def test_the_stronger_place_wins_and_is_named(file: Path) -> None:
    file.write_text("target:\n\n  port: 1111\n")
    environ, flags = {"GIGOPS_TARGET_PORT": "2222"}, {"target.port": "3333"}
    assert load(file, {}, {}).target.port == 1111
    assert load(file, environ, {}).target.port == 2222
    assert load(file, environ, flags).target.port == 3333
    assert where(file, "target.port", {}, {}) == "gigops.yaml:3"
    assert where(file, "target.port", environ, {}) == "GIGOPS_TARGET_PORT"
    assert where(file, "target.port", environ, flags) == "flag"
    assert where(file, "target.user", environ, flags) == "default"


def test_without_a_file_there_are_defaults_and_no_sources(tmp_path: Path) -> None:
    root = tmp_path / "My Shop!"
    settings = load(root / "gigops.yaml", {}, {})
    assert settings.app.name == "my-shop"
    assert settings.app.env_file == root / ".env"
    assert settings.backup.to == str(root / ".gigops/backups")
    assert settings.target == Target()
    with pytest.raises(UsageError, match="no SQLite file") as caught:
        require_sources(settings)
    assert "gigops init" in caught.value.hint


def test_an_empty_file_and_empty_sections_mean_the_defaults(file: Path) -> None:
    for text in ("", "# nothing\n", "app:\ntarget:\nsources:\n", "---\n"):
        file.write_text(text)
        assert load(file, {}, {}).sources == ()


def test_paths_start_from_the_file_s_folder_and_flags_from_the_working_folder(file: Path) -> None:
    file.write_text("sources: [a.db]\napp: {env_file: conf/.env}\nbackup: {to: 's3://b/p'}\n")
    settings = load(file, {}, {})
    assert settings.sources == (Source(file.parent / "a.db"),)
    assert settings.app.env_file == file.parent / "conf/.env"
    assert settings.backup.to == "s3://b/p"
    assert load(file, {}, {"app.env_file": "x/.env"}).app.env_file == Path.cwd() / "x/.env"


def test_narrowing_the_sources_by_a_flag_keeps_their_prefix_and_schema(file: Path) -> None:
    file.write_text("sources:\n  - a.db\n  - {path: b.db, prefix: b_, schema: other}\n")
    chosen = load(file, {}, {"sources": str(file.parent / "b.db")})
    assert chosen.sources == (Source(file.parent / "b.db", "other", "b_"),)
    both = load(file, {"GIGOPS_SOURCES": os.pathsep.join(["a.db", "c.db"])}, {})
    assert [s.path.name for s in both.sources] == ["a.db", "c.db"]


def test_numbers_keep_the_form_they_are_written_in(file: Path) -> None:
    file.write_text("target: {version: 15.10, database: 007}\napp: {name: yes}\n")
    settings = load(file, {}, {})
    assert (settings.target.version, settings.target.database, settings.app.name) == ("15.10", "007", "yes")


def test_an_empty_variable_counts_as_not_set(file: Path) -> None:
    file.write_text("target: {port: 1111}\n")
    assert load(file, {"GIGOPS_TARGET_PORT": ""}, {}).target.port == 1111


@pytest.mark.parametrize(
    ("password", "url"),
    [("p@s/s:w#1", "postgresql://u:${PW}@h/d"), ("plain", "postgresql://u:${PW}@${HOST}/d")],
)
def test_a_variable_in_the_url_is_filled_in_and_may_hold_any_character(
    file: Path, password: str, url: str
) -> None:
    file.write_text(f"target: {{provider: url, url: '{url}'}}\n")
    found = load(file, {"PW": password, "HOST": "h"}, {}).target.url
    assert found and (found.host, found.password) == ("h", Secret(password))


def test_a_variable_may_be_the_whole_url(file: Path) -> None:
    file.write_text("target: {url: '${ALL}'}\n")
    found = load(file, {"ALL": "postgresql://u:p%40@h/d"}, {}).target
    assert found.provider == "url"
    assert found.url == DatabaseUrl("h", 5432, "d", "u", Secret("p@"))


def test_a_missing_variable_is_named_with_its_line(file: Path) -> None:
    file.write_text("target:\n  url: postgresql://u:${PW}@h/d\n")
    with pytest.raises(UsageError, match=r"gigops.yaml:2: .*`PW`"):
        load(file, {}, {})


def test_no_secret_is_shown(file: Path) -> None:
    file.write_text(
        "target: {url: 'postgresql://u:geheim@h/d?password=geheim'}\n"
        "app: {health_url: 'http://u:geheim@h/x'}\n"
    )
    resolved = resolve(file, {}, {})
    assert "geheim" not in repr(resolved.origins) + repr(resolved.warnings)
    assert "a password stands in the file" in resolved.warnings[0]


def test_a_password_from_the_environment_is_no_reason_to_warn(file: Path) -> None:
    file.write_text("target: {url: 'postgresql://u:${PW}@h/d'}\n")
    assert resolve(file, {"PW": "x"}, {}).warnings == ()


def test_a_url_means_the_provider_url_unless_something_stronger_names_another(file: Path) -> None:
    url = "postgresql://h/d"
    file.write_text("target: {provider: docker}\n")
    assert load(file, {"GIGOPS_TARGET_URL": url}, {}).target.provider == "url"
    file.write_text(f"target: {{url: '{url}'}}\n")
    target = load(file, {}, {"target.provider": "embedded"}).target
    assert (target.provider, target.url) == ("embedded", None)
    file.write_text(f"target: {{provider: docker, url: '{url}'}}\n")
    with pytest.raises(UsageError, match="goes with"):
        load(file, {}, {})
    file.write_text("target: {provider: url}\n")
    with pytest.raises(UsageError, match=r"no `target\.url`"):
        load(file, {}, {})


def test_an_almost_right_variable_is_a_mistake_and_a_strange_one_a_warning(file: Path) -> None:
    with pytest.raises(UsageError, match="GIGOPS_TARGET_PROVIDER"):
        load(file, {"GIGOPS_TARGET_PROVDER": "docker"}, {})
    assert "GIGOPS_SERVICE_HOST" in resolve(file, {"GIGOPS_SERVICE_HOST": "10.0.0.1"}, {}).warnings[0]


def test_the_example_loads(tmp_path: Path) -> None:
    settings = load(EXAMPLE, {}, {})
    assert settings.app.name == "shop" and len(settings.sources) == 1


def test_the_example_explains_every_key_and_its_comments_show_the_true_defaults(file: Path) -> None:
    names = "|".join({name.split(".")[1] for name in KEYS})
    file.write_text(re.sub(rf"(?m)^  # (?=(?:{names}):)", "  ", EXAMPLE.read_text()))
    environ = {"DB_PASSWORD": "x", "GIGOPS_TARGET_PROVIDER": "url"}
    every = {o.key: o for o in origins(file, environ, {}) if o.key in KEYS}
    assert {k for k, o in every.items() if o.where.startswith("gigops.yaml:")} == set(KEYS) - {
        "target.provider"
    }
    set_by_the_example = {"app.name", "app.stop", "app.start", "target.url", "target.provider"}
    defaults = {o.key: o.value for o in origins(file.with_name("none.yaml"), {}, {})}
    for key in set(KEYS) - set_by_the_example:
        assert every[key].value == defaults[key], key


def test_every_default_has_its_right_type(file: Path) -> None:
    settings = load(file, {"GIGOPS_CUTOVER_WINDOW": "5m", "GIGOPS_TARGET_INTO_EXISTING": "yes"}, {})
    assert settings.cutover.window == Duration(300.0)
    assert settings.target.into_existing is True
