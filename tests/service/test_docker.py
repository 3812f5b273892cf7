"""The docker provider with a real Docker Engine and a real PostgreSQL image."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops.clients.clock import SystemClock
from ops.clients.docker import DockerEngine
from ops.database.connect import connect
from ops.errors import NotReady, Refused
from ops.provision.credentials import Credentials
from ops.provision.docker import Docker
from ops.provision.provider import Server
from ops.settings import Target
from tests.servers import provisioning

_CHILD = ("-m", "tests.service.docker_child")
_PROJECT = Path(__file__).parents[2]


@pytest.fixture
def shop(tmp_path: Path, postgres_image: str) -> Iterator[Docker]:
    (tmp_path / "app").mkdir()
    made = _provider(tmp_path, Target(provider="docker", image=postgres_image))
    yield made
    _remove(made)


def _provider(room: Path, target: Target) -> Docker:
    state = room / "app" / ".gigops"
    return Docker("shop", target, state, DockerEngine(), provisioning.Heard(), SystemClock())


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


def _name(shop: Docker) -> str:
    return shop._name


def _volume(shop: Docker) -> str:
    return f"{_name(shop)}-data"


def _remove(shop: Docker) -> None:
    for words in (("rm", "-f", "-v", _name(shop)), ("volume", "rm", "-f", _volume(shop))):
        subprocess.run(["docker", *words], capture_output=True, check=False)


def _inspect(shop: Docker) -> Any:
    return json.loads(_docker("container", "inspect", _name(shop)))[0]


def _ask(server: Server, sql: str) -> list[tuple[object, ...]]:
    link = connect(server.url, autocommit=True)
    try:
        with link.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        link.close()


def _keep_a_row(server: Server) -> None:
    _ask(server, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')")


def _kept_rows(server: Server) -> list[tuple[object, ...]]:
    return _ask(server, "SELECT word FROM kept")


def test_made_as_an_operator_would_and_the_second_time_changes_nothing(shop: Docker) -> None:
    assert shop.find() is None
    assert shop.plan()[0] == f"make the volume {_volume(shop)} for the data"
    first, facts = shop.create(), _inspect(shop)
    assert (first.state, first.version.split(".")[0]) == ("running", "15")
    assert shop.plan() == [f"nothing to do: PostgreSQL {first.version} runs at {first.url}"]
    assert shop.create() == first == shop.find()
    again = _inspect(shop)
    assert (again["Id"], again["State"]["StartedAt"]) == (facts["Id"], facts["State"]["StartedAt"])

    port = {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(first.url.port)}]}
    assert facts["HostConfig"]["PortBindings"] == port
    assert facts["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert facts["Config"]["Labels"].items() >= {"gigops.app": "shop"}.items()
    assert facts["Mounts"][0]["Name"] == _volume(shop)
    powers = "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = user"
    assert _ask(first, powers) == [(False, False, False)]
    assert _ask(first, "SELECT current_setting('data_checksums')") == [("on",)]
    assert _ask(first, "SELECT current_setting('password_encryption')") == [("scram-sha-256",)]
    deadline = time.monotonic() + 30
    while _inspect(shop)["State"]["Health"]["Status"] != "healthy":
        assert time.monotonic() < deadline
        time.sleep(0.2)

    for target in (replace(shop.target, image="postgres:99"), replace(shop.target, port=first.url.port + 1)):
        for act in (replace(shop, target=target).plan, replace(shop, target=target).create):
            with pytest.raises(Refused) as told:
                act()
            assert "gigops destroy" in told.value.hint
    assert shop.find() == first


def test_no_password_stands_in_what_docker_tells_about_the_container(shop: Docker) -> None:
    server = shop.create()
    admin = Credentials(shop.state_dir).load("docker-admin")
    assert admin and admin.password and server.url.password
    told = _docker("container", "inspect", _name(shop)) + _docker("logs", _name(shop))
    told += _docker("top", _name(shop), "-eo", "pid,args") + _docker("volume", "inspect", _volume(shop))
    for secret in (admin.password, server.url.password):
        assert secret.reveal() not in told
    listed = _docker("exec", _name(shop), "stat", "-c", "%a %U", "/gigops", "/gigops/password")
    assert listed.split() == ["700", "root", "400", "root"]


def test_the_data_outlives_its_container(shop: Docker) -> None:
    before = shop.create()
    _keep_a_row(before)
    _docker("rm", "-f", _name(shop))
    seen = shop.find()
    assert seen and seen.state == "stopped" and "its container is gone" in seen.detail
    without_choice = replace(shop, target=Target(provider="docker"))
    after = without_choice.create()  # the volume remembers the image
    assert after == before
    assert _kept_rows(after) == [("still here",)]


def test_a_killed_and_a_stopped_container_are_started_again(shop: Docker) -> None:
    server = shop.create()
    _keep_a_row(server)
    for words in (("kill", _name(shop)), ("stop", "-t", "20", _name(shop))):
        _docker(*words)
        seen = shop.find()
        assert seen and seen.state == "stopped"
        assert shop.plan() == [f"start the container {_name(shop)}; its data is kept"]
        assert _kept_rows(shop.create()) == [("still here",)]


def test_destroy_keeps_the_data_until_told_otherwise(shop: Docker) -> None:
    server = shop.create()
    _keep_a_row(server)
    assert shop.destroy(delete_data=False) == [
        f"removed the container {_name(shop)}",
        f"kept the data in the volume {_volume(shop)}",
    ]
    again = shop.create()
    assert again.url == server.url
    assert _kept_rows(again) == [("still here",)]
    assert f"deleted the volume {_volume(shop)}" in shop.destroy(delete_data=True)[-1]
    assert shop.find() is None
    assert not list((shop.state_dir / "secrets").iterdir())
    assert shop.destroy(delete_data=True)[0].startswith("nothing to do")


@pytest.mark.parametrize("kind", ["container", "volume"])
def test_what_gigops_did_not_make_is_never_touched(shop: Docker, postgres_image: str, kind: str) -> None:
    if kind == "container":
        _docker("create", "--name", _name(shop), "--label", "gigops.app=shop", postgres_image)
        name = _name(shop)
    else:
        name = _volume(shop)
        _docker("volume", "create", name)
    before = _docker(kind, "inspect", name)
    for act in (shop.plan, shop.create, lambda: shop.destroy(delete_data=True)):
        with pytest.raises(Refused, match=f"a {kind} `{name}` that gigops did not make"):
            act()
    assert shop.find() is None
    assert _docker(kind, "inspect", name) == before


def test_data_of_another_major_version_is_not_opened(shop: Docker, postgres_image: str) -> None:
    _docker("volume", "create", _volume(shop), *_labels(shop), "--label", "gigops.major=14")
    Credentials(shop.state_dir).save("docker-admin", replace(_nobody(), user="gigops_admin"))
    with pytest.raises(Refused, match="is of PostgreSQL 14"):
        shop.create()


def test_a_volume_whose_password_is_lost_is_left_as_it_is(shop: Docker) -> None:
    server = shop.create()
    _keep_a_row(server)
    kept = {path: path.read_text() for path in (shop.state_dir / "secrets").iterdir()}
    _docker("rm", "-f", _name(shop))
    for path in kept:
        path.unlink()
    with pytest.raises(Refused, match="password file"):
        shop.create()
    for path, text in kept.items():
        path.write_text(text)
    assert _kept_rows(shop.create()) == [("still here",)]


def test_a_taken_port_is_an_error_that_names_it(shop: Docker) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(NotReady, match=f"port {port} on"):
            replace(shop, target=replace(shop.target, port=port)).create()
    assert shop.create().state == "running"


def test_killed_after_any_of_its_changes_the_next_run_finishes(shop: Docker, tmp_path: Path) -> None:
    moments = ("volumes/create", "containers/create", "/start")
    for moment in moments:
        words = [sys.executable, *_CHILD, str(tmp_path), shop.target.image, moment]
        died = subprocess.run(words, cwd=_PROJECT, capture_output=True, text=True, check=False)
        assert died.returncode == -signal.SIGKILL, (moment, died.stderr)
        assert shop.create().state == "running", moment
        assert _docker("ps", "-aq", "--filter", "label=gigops.app=shop").count("\n") == 1
        shop.destroy(delete_data=True)


def test_an_image_that_is_nowhere_is_said_to_be_so(docker_host: str, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    shop = _provider(tmp_path, Target(provider="docker", image="127.0.0.1:9/nobody/nothing:1"))
    with pytest.raises(NotReady, match=r"nothing:1 is not here and cannot be pulled") as told:
        shop.create()
    assert "--image" in told.value.hint


def test_without_docker_the_error_names_the_other_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    (tmp_path / "app").mkdir()
    with pytest.raises(NotReady, match="no Docker Engine answers") as told:
        _provider(tmp_path, Target(provider="docker")).find()
    assert "gigops provision --provider embedded" in told.value.hint


def test_a_container_that_dies_at_once_is_told_with_its_last_words(shop: Docker) -> None:
    shop.create()
    shop.destroy(delete_data=False)
    volume, image = f"{_volume(shop)}:/data", shop.target.image
    _docker("run", "--rm", "-v", volume, "--entrypoint", "rm", image, "/data/global/pg_control")
    with pytest.raises(NotReady, match=f"the container {_name(shop)} is") as told:
        shop.create()
    assert told.value.hint == f"docker logs {_name(shop)}"


def _labels(shop: Docker) -> list[str]:
    return [word for key, value in shop._labels.items() for word in ("--label", f"{key}={value}")]


def _nobody() -> Any:
    from ops.provision.credentials import generate
    from ops.values import DatabaseUrl

    return DatabaseUrl("127.0.0.1", 1, "postgres", "x", generate())
