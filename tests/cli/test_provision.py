"""`gigops provision`, `status`, `destroy` as a user and a script meet them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.errors import NotReady, Refused, UsageError
from ops.provision.home import Record
from ops.values import DatabaseUrl
from tests.cli.words import Said, gigops


def words(folder: Path, *line: str, **env: str) -> Said:
    head = [w for w in line if w in ("--json", "--yes")]
    rest = [w for w in line if w not in head]
    return gigops(*head, *rest, cwd=folder, env=env, modules=("provision",))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "gigops.yaml").write_text("app: {name: shop}\n")
    yield tmp_path
    words(tmp_path, "destroy", "--confirm", "shop", "--delete-data")


def _secret(shop: Path) -> str:
    url = DatabaseUrl.parse((shop / ".gigops/secrets/embedded.url").read_text())
    assert url.password
    return url.password.reveal()


def _point_env_to_it(shop: Path) -> None:
    url = (shop / ".gigops/secrets/embedded.url").read_text().strip()
    (shop / ".env").write_text(f"DATABASE_TYPE=postgresql\nDATABASE_URL={url}\n")


def test_a_server_is_planned_made_seen_killed_and_brought_back(shop: Path) -> None:
    planned = words(shop, "provision", "--plan", "--json")
    assert planned.report["changes"] is True and not (shop / ".gigops").exists()
    assert words(shop, "status", "--json").report["server"]["state"] == "none"

    made = words(shop, "provision")
    assert made.code == 0
    assert made.out.splitlines()[-1] == "next: gigops cutover --plan"
    assert "app:***@127.0.0.1:" in made.out
    again = words(shop, "provision", "--json")
    assert again.report["changed"] is False
    assert words(shop, "provision", "--plan").out.startswith("nothing to do")

    _point_env_to_it(shop)
    status = words(shop, "status", "--json").report
    assert (status["server"]["state"], status["server"]["provider"]) == ("running", "embedded")
    assert status["server"]["size_bytes"] > 1_000_000
    assert status["env"]["database_type"] == "postgresql"

    record = Record.load(shop / ".gigops")
    assert record
    pid = int((record.home / "data/postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    seen = words(shop, "status")
    assert "the server was killed" in seen.out and str(record.home) in seen.out
    assert seen.out.splitlines()[-1] == "next: gigops provision"
    assert words(shop, "provision", "--json").report["url"] == again.report["url"]

    for said in (made, again, seen, words(shop, "status")):
        assert _secret(shop) not in said.out + said.err


def test_destroy_wants_the_name_and_never_takes_a_server_in_use_without_it(shop: Path) -> None:
    words(shop, "provision")
    said = words(shop, "--yes", "destroy")
    assert isinstance(said.error, UsageError) and said.error.hint == "add --confirm shop"
    said = words(shop, "destroy", "--confirm", "other")
    assert isinstance(said.error, Refused)
    _point_env_to_it(shop)
    said = words(shop, "destroy")
    assert isinstance(said.error, Refused)
    assert "points to this server" in said.error.message and "--confirm shop" in said.error.hint
    assert words(shop, "status", "--json").report["server"]["state"] == "running"

    said = words(shop, "destroy", "--confirm", "shop")
    assert said.code == 0 and "points to this server" in said.err
    assert words(shop, "status", "--json").report["server"]["state"] == "stopped"
    gone = words(shop, "destroy", "--confirm", "shop", "--delete-data", "--json").report
    assert gone["data_deleted"] is True
    assert words(shop, "status", "--json").report["server"]["state"] == "none"


def test_a_database_the_user_has_is_checked_and_the_choice_can_be_kept(
    shop: Path, database: DatabaseUrl
) -> None:
    said = words(shop, "provision", "--provider", "url", GIGOPS_TARGET_URL=database.reveal())
    assert said.code == 0
    assert "may be used" in said.out and "gigops.yaml" not in said.out
    assert "role-secret" not in said.out + said.err
    said = words(shop, "provision", "--url", database.reveal())
    assert "    provider: url" in said.out and "GIGOPS_TARGET_URL" in said.out
    assert "role-secret" not in said.out + said.err
    seen = words(shop, "status", "--provider", "url", "--json", GIGOPS_TARGET_URL=database.reveal()).report
    assert seen["server"]["state"] == "running"
    refused = words(shop, "destroy", "--provider", "url", GIGOPS_TARGET_URL=database.reveal())
    assert isinstance(refused.error, Refused) and "did not make" in refused.error.message


def test_docker_is_asked_for_and_its_absence_is_a_clear_error(shop: Path) -> None:
    nowhere = f"unix://{shop}/nothing.sock"
    said = words(shop, "provision", "--provider", "docker", DOCKER_HOST=nowhere)
    assert isinstance(said.error, NotReady) and "embedded" in said.error.hint
    seen = words(shop, "status", "--provider", "docker", "--json", DOCKER_HOST=nowhere).report
    assert seen["server"]["state"] == "unknown"


def test_a_container_is_made_after_asking_only(shop: Path, postgres_image: str) -> None:
    line = ("provision", "--provider", "docker", "--image", postgres_image)
    said = words(shop, *line)
    assert isinstance(said.error, UsageError) and "--yes" in said.error.hint
    try:
        made = words(shop, "--yes", *line)
        assert made.code == 0
        assert "    provider: docker" in made.out and f"    image: {postgres_image}" in made.out
        assert words(shop, *line, "--json").report["changed"] is False
    finally:
        gone = words(shop, "destroy", "--provider", "docker", "--confirm", "shop", "--delete-data")
    assert "deleted the volume" in gone.out
