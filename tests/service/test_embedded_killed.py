"""The embedded server killed, and gigops killed while it makes one: the next run brings it back."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ops.provision import account as accounts
from ops.provision.embedded import Embedded
from tests.servers import provisioning
from tests.service.embedding import home_of, keep_a_row, kept_rows, kill, postmaster

_CHILD = ("-m", "tests.service.provision_child")
_PROJECT = Path(__file__).parents[2]


@pytest.fixture
def shop(room: Path) -> Embedded:
    return provisioning.embedded(room)


def test_a_killed_server_is_said_to_be_killed_and_comes_back_with_its_data(shop: Embedded) -> None:
    before = shop.create()
    keep_a_row(before)
    kill(postmaster(shop))
    seen = shop.find()
    assert seen
    assert (seen.state, seen.version, seen.url) == ("broken", "", before.url)
    assert "was killed" in seen.detail and str(home_of(shop)) in seen.detail
    after = shop.create()
    assert after == before
    assert kept_rows(after) == [("still here",)]


def test_a_stranger_that_was_given_the_killed_servers_number_is_neither_trusted_nor_touched(
    shop: Embedded,
) -> None:
    before = shop.create()
    keep_a_row(before)
    kill(postmaster(shop))
    # of the server's own account: PostgreSQL itself takes such a process for a running server
    stranger = subprocess.Popen(["sleep", "600"], **accounts.words(provisioning.runner()))
    try:
        pid_file = home_of(shop) / "data/postmaster.pid"
        lines = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
        seen = shop.find()
        assert seen and seen.state == "broken"
        assert kept_rows(shop.create()) == [("still here",)]
        assert stranger.poll() is None
        assert shop.destroy(delete_data=False) == [f"stopped the server in {home_of(shop)}"]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_server_outlives_who_made_it_and_holds_none_of_its_pipes(room: Path) -> None:
    words = [sys.executable, *_CHILD, str(room)]
    done = subprocess.run(words, cwd=_PROJECT, capture_output=True, text=True, timeout=60, check=True)
    seen = provisioning.embedded(room).find()
    assert seen and seen.state == "running" and done.stdout.strip() == seen.version


def _child(room: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *_CHILD, str(room), *words],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def _killed_and_run_again(number: int) -> None:
    with provisioning.room() as own:
        died = _child(own, "--die", str(number))
        assert died.returncode == -signal.SIGKILL, (number, died.stderr)
        shop = provisioning.embedded(own)
        assert shop.create().state == "running"
        assert shop.plan()[0].startswith("nothing to do")
        left = [path for path in own.rglob("*") if re.search(r"data\.|^\..*\.[0-9a-f]{8}$", path.name)]
        assert not left


def test_killed_before_any_of_its_changes_the_next_run_finishes_and_tidies_up(room: Path) -> None:
    moments = _child(room, "--list").stdout.splitlines()
    assert sum("rename" in moment for moment in moments) >= 7
    assert sum("Popen" in moment for moment in moments) == 2
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(_killed_and_run_again, range(len(moments))))
    print(f"killed at {len(moments)} moments")


@pytest.mark.parametrize("after", [0.15, 0.5])
def test_killed_while_initdb_works_the_next_run_finishes(room: Path, after: float) -> None:
    child = subprocess.Popen([sys.executable, *_CHILD, str(room)], cwd=_PROJECT, stdout=subprocess.DEVNULL)
    shop = provisioning.embedded(room)
    while not list(room.glob("*/.gigops/postgres/data.making-*/PG_VERSION")) and child.poll() is None:
        pass
    assert child.poll() is None
    threading.Event().wait(after - 0.1)
    child.kill()
    child.wait()
    keep_a_row(shop.create())
    assert kept_rows(shop.create()) == [("still here",)]
