"""The example application under traffic through a cutover that succeeds, fails, and is stopped by hand."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from examples.gigchain.running import Gigchain
from tests.servers.gigchain import wait_for_writes


def _gigops(gigchain: Gigchain, *words: str, code: int = 0) -> dict[str, object]:
    done = gigchain.gigops("--json", *words)
    assert done.returncode == code, done.stdout + done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def _assert_nothing_lost(gigchain: Gigchain) -> None:
    wait_for_writes(gigchain, 20)
    summary = gigchain.stop_traffic()
    verdict = gigchain.check()
    assert summary["failed"] == 0, summary
    assert verdict.acknowledged >= 40
    assert (verdict.lost, verdict.twice, verdict.different) == ((), (), ())


def test_no_request_fails_and_no_write_is_lost(gigchain: Gigchain) -> None:
    told = _gigops(gigchain, "cutover", "--yes")
    assert told["outcome"] == "complete"
    assert gigchain.database() == "postgresql"
    _assert_nothing_lost(gigchain)
    with (
        closing(sqlite3.connect(gigchain.folder / "admin.db")) as late,
        pytest.raises(sqlite3.IntegrityError, match="gigops-fence: this database moved to PostgreSQL"),
    ):
        late.execute("DELETE FROM contracts")


def test_a_cutover_that_fails_leaves_the_application_on_sqlite_and_the_next_one_succeeds(
    gigchain: Gigchain,
) -> None:
    before = gigchain.env_file.read_bytes()
    settings = gigchain.folder / "gigops.yaml"
    text = settings.read_text()
    settings.write_text(text.replace("app:\n", "app:\n  reload: echo no >&2; exit 3\n"))
    done = gigchain.gigops("cutover", "--yes")
    assert done.returncode == 1, done.stderr
    assert "ended with 3: no" in done.stderr
    assert "the way home stopped at step `freeze`" in done.stderr
    settings.write_text(text)
    assert gigchain.gigops("cutover", "--yes").returncode == 4
    assert gigchain.env_file.read_bytes() == before
    assert gigchain.database() == "sqlite"
    wait_for_writes(gigchain, 5)
    assert _gigops(gigchain, "cutover", "--yes")["outcome"] == "complete"
    _assert_nothing_lost(gigchain)


def test_an_application_that_is_not_healthy_on_postgresql_is_taken_home(gigchain: Gigchain) -> None:
    settings = gigchain.folder / "gigops.yaml"
    settings.write_text(settings.read_text().replace("/health\n", "/nothing-here\n  health_timeout: 1s\n"))
    done = gigchain.gigops("cutover", "--yes")
    assert done.returncode == 4, done.stderr
    assert "answers 404" in done.stderr
    assert gigchain.database() == "sqlite"
    _assert_nothing_lost(gigchain)


def test_a_window_that_is_too_short_is_told_and_everything_is_as_it_was(gigchain: Gigchain) -> None:
    settings = gigchain.folder / "gigops.yaml"
    text = settings.read_text().replace("app:\n", "app:\n  reload: sleep 3\n")
    settings.write_text(text + "cutover:\n  window: 5s\n  reserve: 4s\n")
    done = gigchain.gigops("cutover", "--yes")
    assert done.returncode == 4, done.stderr
    assert "the window of 5s is over" in done.stderr
    assert gigchain.database() == "sqlite"
    _assert_nothing_lost(gigchain)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_hand_in_the_window_it_goes_home(gigchain: Gigchain, number: signal.Signals) -> None:
    settings = gigchain.folder / "gigops.yaml"
    settings.write_text(settings.read_text().replace("app:\n", "app:\n  reload: touch reloading; sleep 1\n"))
    words = [sys.executable, "-m", "ops.cli.app", "cutover", "--yes"]
    environment = {**os.environ, **gigchain.extra}
    with subprocess.Popen(
        words, cwd=gigchain.folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as cutover:
        end = time.monotonic() + 60
        while not (gigchain.folder / "reloading").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        cutover.send_signal(number)
        _, said = cutover.communicate(timeout=60)
    assert cutover.returncode == 128 + number, said
    assert f"error: stopped by {number.name}" in said
    assert gigchain.database() == "sqlite"
    _assert_nothing_lost(gigchain)


def test_a_second_cutover_at_the_same_time_is_told_of_the_first(gigchain: Gigchain) -> None:
    settings = gigchain.folder / "gigops.yaml"
    settings.write_text(settings.read_text().replace("app:\n", "app:\n  reload: touch reloading; sleep 2\n"))
    words = [sys.executable, "-m", "ops.cli.app", "cutover", "--yes"]
    environment = {**os.environ, **gigchain.extra}
    with subprocess.Popen(words, cwd=gigchain.folder, env=environment, stderr=subprocess.PIPE) as first:
        end = time.monotonic() + 60
        while not (gigchain.folder / "reloading").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        second = gigchain.gigops("cutover", "--yes")
        assert second.returncode == 11, second.stderr
        assert str(first.pid) in second.stderr
        assert _gigops(gigchain, "cutover", "status")["active"] is True
        first.communicate(timeout=60)
    assert first.returncode == 0
    _assert_nothing_lost(gigchain)
