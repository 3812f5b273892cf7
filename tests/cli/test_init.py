"""`gigops init`: an unknown folder becomes a gigops.yaml that loads."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from ops.config import load
from tests.cli.words import Said, gigops

GIGCHAIN = Path(__file__).parents[2] / "../shared/data/gigchain"


def init(folder: Path, *words: str) -> Said:
    return gigops(*(w for w in words if w == "--json"), "init", *(w for w in words if w != "--json"),
                  cwd=folder, modules=("init", "config"))  # fmt: skip


def database(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "My Shop"
    database(folder / "data/shop.db")
    database(folder / "backup/shop.db")
    (folder / ".env").write_text("DATABASE_TYPE=sqlite\nSECRET=geheim\n")
    (folder / "compose.yaml").write_text("services: {web: {build: .}}\n")
    return folder


def test_what_is_found_is_written_and_loads(shop: Path) -> None:
    said = init(shop)
    settings = load(shop / "gigops.yaml", {}, {})
    assert said.code == 0 and said.out.splitlines()[-1] == "next: gigops cutover --plan"
    assert settings.app.name == "my-shop"
    assert [s.path for s in settings.sources] == [shop / "data/shop.db"]
    assert settings.app.stop == "docker compose stop web"
    assert settings.app.env_file == shop / ".env"
    assert (shop / "gigops.yaml").stat().st_mode & 0o777 == 0o644


def test_no_secret_of_the_env_file_gets_out(shop: Path) -> None:
    said = init(shop)
    assert "geheim" not in said.out + said.err + (shop / "gigops.yaml").read_text()


def test_nothing_else_is_written(shop: Path) -> None:
    before = {p: p.read_bytes() for p in shop.rglob("*") if p.is_file()}
    init(shop)
    after = {p: p.read_bytes() for p in shop.rglob("*") if p.is_file()}
    assert set(after) - set(before) == {shop / "gigops.yaml"}
    assert {p: after[p] for p in before} == before


def test_a_second_time_changes_nothing(shop: Path) -> None:
    init(shop)
    inode = (shop / "gigops.yaml").stat().st_ino
    said = init(shop)
    assert said.code == 0 and "says so already" in said.out
    assert (shop / "gigops.yaml").stat().st_ino == inode


def test_another_file_is_refused_and_kept_with_force(shop: Path) -> None:
    for number in ("", "2"):
        (shop / "gigops.yaml").write_text(f"# mine {number}\n")
        refused = init(shop)
        assert refused.code == 16 and refused.error and "--force" in refused.error.hint
        assert (shop / "gigops.yaml").read_text() == f"# mine {number}\n"
        assert init(shop, "--force").code == 0
        assert (shop / f"gigops.yaml.bak{number}").read_text() == f"# mine {number}\n"


def test_a_folder_with_nothing_in_it_gets_a_file_to_fill_in(tmp_path: Path) -> None:
    said = init(tmp_path)
    assert said.code == 0
    assert "no SQLite file" in said.out and "gigops config check" in said.out.splitlines()[-1]
    assert load(tmp_path / "gigops.yaml", {}, {}).sources == ()


def test_another_folder_is_named_and_so_is_its_file(shop: Path, tmp_path: Path) -> None:
    said = init(tmp_path, "--dir", str(shop), "--json")
    assert said.report["sources"] == ["data/shop.db"]
    assert said.report["not_taken"] == {"backup/shop.db": "lies in backup/"}
    assert said.report["next"].endswith(f"--config {shop}/gigops.yaml")
    assert init(tmp_path, "--dir", str(tmp_path / "missing")).code == 2


def test_a_database_that_the_env_file_names_elsewhere_is_taken(tmp_path: Path) -> None:
    far = database(tmp_path / "var/app.db")
    app = tmp_path / "app"
    app.mkdir()
    (app / ".env").write_text(f"DATABASE_URL=sqlite:///{far}\n")
    init(app)
    assert [s.path for s in load(app / "gigops.yaml", {}, {}).sources] == [far]


def test_strange_file_names_come_through_or_are_told(tmp_path: Path) -> None:
    database(tmp_path / 'a "b": #c.db')
    with open(bytes(tmp_path) + b"/caf\xe9.db", "wb") as file:  # noqa: PTH123 - a name that is not UTF-8
        file.write((tmp_path / 'a "b": #c.db').read_bytes())
    said = init(tmp_path)
    assert [s.path.name for s in load(tmp_path / "gigops.yaml", {}, {}).sources] == ['a "b": #c.db']
    assert "not UTF-8" in said.out


def test_a_git_checkout_is_told_what_to_ignore(shop: Path) -> None:
    (shop / ".git").mkdir()
    assert "add .gigops/ and .env* to .gitignore" in init(shop).out
    (shop / ".gitignore").write_text(".gigops/\n.env*\n")
    assert ".gitignore" not in init(shop).out
    assert (shop / ".gitignore").read_text() == ".gigops/\n.env*\n"


def test_the_three_files_of_a_real_application_are_found(tmp_path: Path) -> None:
    if not GIGCHAIN.exists():
        pytest.skip("the real files are not here")
    for file in GIGCHAIN.glob("*.db"):
        shutil.copy(file, tmp_path)
    said = init(tmp_path, "--json")
    assert said.report["sources"] == ["admin.db", "analytics.db", "wcsap_auth.db"]
