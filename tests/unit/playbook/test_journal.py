"""The journal on disk: torn lines, foreign lines, and the lock of the runs."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.errors import Busy, GigopsError
from ops.playbook.journal import FileJournal
from ops.playbook.runs import Runs
from ops.playbook.state import Event, Kind, Outcome

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _started(step: str) -> Event:
    return Event(NOW, Kind.STARTED, step, {"facts": {"á": "ñ"}})


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "run.jsonl")
    journal.append(_started("copy"))
    journal.append(Event(NOW, Kind.DONE, "copy"))
    assert journal.events() == [_started("copy"), Event(NOW, Kind.DONE, "copy")]


def test_the_journal_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "run.jsonl")
    journal.append(_started("copy"))
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_a_torn_last_line_is_as_if_never_written(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "run.jsonl")
    journal.append(_started("copy"))
    journal.append(_started("verify"))
    whole = journal.path.read_bytes()
    second = whole.index(b"\n") + 1
    for cut in range(second, len(whole)):
        journal.path.write_bytes(whole[:cut])
        assert journal.events() == [_started("copy")]
        journal.append(Event(NOW, Kind.DONE, "copy"))
        assert journal.events() == [_started("copy"), Event(NOW, Kind.DONE, "copy")]


def test_a_line_in_the_middle_that_is_not_ours_is_named(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "run.jsonl")
    journal.append(_started("copy"))
    with journal.path.open("a") as file:
        file.write("hello\n")
    with pytest.raises(GigopsError, match="line 2"):
        journal.events()


def test_the_newest_run_is_unfinished_until_it_says_otherwise(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "state" / "runs")
    run = runs.new("cutover", NOW)
    assert runs.unfinished("cutover") is None
    run.journal.append(Event(NOW, Kind.RUN, "", {"playbook": "…"}))
    assert runs.unfinished("cutover") is not None
    assert runs.unfinished("other") is None
    run.journal.append(Event(NOW, Kind.FINISHED, "", {"outcome": Outcome.FAILED}))
    assert runs.unfinished("cutover") is not None
    run.journal.append(Event(NOW, Kind.FINISHED, "", {"outcome": Outcome.TURNED_BACK}))
    assert runs.unfinished("cutover") is None


def test_a_playbook_with_a_dash_in_its_name_keeps_its_runs_apart(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "runs")
    runs.new("our-cutover", NOW).journal.append(Event(NOW, Kind.RUN, "", {"playbook": "…"}))
    assert runs.unfinished("our-cutover") is not None
    assert runs.unfinished("cutover") is None


def test_two_runs_at_once_the_second_is_told_who_runs(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "runs")
    script = (
        "import sys; from pathlib import Path; from ops.playbook.runs import Runs\n"
        "with Runs(Path(sys.argv[1])).lock(): print('locked', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", script, str(tmp_path / "runs")]
    other = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout and other.stdout.readline() == "locked\n"
    with pytest.raises(Busy, match=str(other.pid)), runs.lock():
        pass
    assert runs.active()
    other.kill()
    other.wait()
    with runs.lock():
        pass
