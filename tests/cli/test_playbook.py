"""Playbooks by the command line: listed, shown, run with steps of one's own, resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = """
name: ours
description: two steps of our own
steps:
  - {id: one, uses: shell.run, with: {command: echo one >> log}}
  - {id: two, uses: shell.run, with: {command: "test -e ready && echo two >> log"}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "ours.yaml").write_text(STEPS)
    return tmp_path


def _gigops(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.cli.app", *words]
    return subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)


def test_ours_stands_beside_the_one_of_gigops(folder: Path) -> None:
    told = json.loads(_gigops(folder, "--json", "playbook", "list").stdout)
    assert [book["name"] for book in told["playbooks"]] == ["cutover", "ours"]
    assert "shell.run" in [verb["name"] for verb in told["verbs"]]


def test_one_of_the_same_name_takes_the_place_of_gigopss(folder: Path) -> None:
    (folder / "playbooks" / "cutover.yaml").write_text(STEPS.replace("name: ours", "name: cutover"))
    assert "two steps of our own" in _gigops(folder, "playbook", "show", "cutover").stdout


def test_the_plan_says_what_is_left_to_do(folder: Path) -> None:
    assert "run `echo one >> log`" in _gigops(folder, "playbook", "run", "ours", "--plan").stdout
    assert _gigops(folder, "playbook", "run", "ours", "--yes").returncode == 1
    left = _gigops(folder, "playbook", "run", "ours", "--plan").stdout
    assert "echo one" not in left
    assert "echo two" in left


def test_a_step_that_failed_is_tried_again_and_done_ones_are_not(folder: Path) -> None:
    failed = _gigops(folder, "playbook", "run", "ours", "--yes")
    assert failed.returncode == 1
    assert "ended with 1" in failed.stderr
    (folder / "ready").touch()
    done = _gigops(folder, "playbook", "run", "ours", "--yes")
    assert done.returncode == 0, done.stderr
    assert "going on with run" in done.stderr
    assert (folder / "log").read_text() == "one\ntwo\n"


def test_an_unfinished_run_keeps_the_playbook_it_began_with(folder: Path) -> None:
    _gigops(folder, "playbook", "run", "ours", "--yes")
    text = STEPS.replace("echo one", "echo other").replace("test -e ready", "false")
    (folder / "playbooks" / "ours.yaml").write_text(text)
    (folder / "ready").touch()
    assert _gigops(folder, "playbook", "run", "ours", "--yes").returncode == 0
    assert (folder / "log").read_text() == "one\ntwo\n"


@pytest.mark.parametrize("words", [("show", "nope"), ("run", "nope"), ("run", "nope", "--plan")])
def test_a_playbook_that_is_not_there_is_said_to_be_so(folder: Path, words: tuple[str, ...]) -> None:
    said = _gigops(folder, "playbook", *words)
    assert said.returncode == 10
    assert "there is no `playbooks/nope.yaml`" in said.stderr


def test_what_a_command_printed_shows_no_password_and_the_journal_has_none(folder: Path) -> None:
    text = STEPS.replace("test -e ready", "cat address >&2; false")
    (folder / "playbooks" / "ours.yaml").write_text(text)
    (folder / "address").write_text("postgresql://u:hunter2@h/d")
    said = _gigops(folder, "playbook", "run", "ours", "--yes")
    journal = "".join(path.read_text() for path in (folder / ".gigops" / "runs").glob("*.jsonl"))
    assert "u:***@h" in said.stderr
    assert "u:***@h" in journal
    assert "hunter2" not in said.stderr + said.stdout + journal
