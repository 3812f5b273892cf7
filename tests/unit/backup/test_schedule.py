"""The crontab lines mean to cron and to the shell what they should."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from ops.backup.schedule import Job, crontab, jittered, mark
from ops.errors import UsageError

JOB = Job("shop", Path("/srv/my shop 100%"), ["/opt/it's/gigops", "backup", "run"], "17 3 * * *", "Etc/UTC")


def as_cron_reads(line: str) -> tuple[list[str], str]:
    """The five fields and the command, as crontab(5) says: an unescaped `%` would end the command."""
    *fields, command = line.split(" ", 5)
    assert "%" not in command.replace("\\%", "")
    return fields, command.replace("\\%", "%")


def test_the_line_goes_to_the_folder_and_runs_the_very_program() -> None:
    comment, line = crontab(JOB)
    fields, command = as_cron_reads(line)

    assert fields == ["17", "3", "*", "*", "*"]
    assert shlex.split(command, comments=True) == [
        *("cd", "/srv/my shop 100%", "&&", "mkdir", "-p", "-m", "700", ".gigops", "&&"),
        *("/opt/it's/gigops", "backup", "run", ">>", ".gigops/backup.log", "2>&1"),
    ]
    assert "Etc/UTC" in comment
    assert comment.startswith("#")


def test_every_line_carries_the_mark_by_which_it_is_replaced() -> None:
    assert all(mark("shop") in line for line in crontab(JOB))


def test_the_default_minute_is_spread_and_a_chosen_one_is_kept() -> None:
    default = "17 3 * * *"
    minutes = {jittered(default, default, f"host{n}", "shop").split()[0] for n in range(200)}
    assert len(minutes) > 40
    assert all(0 <= int(minute) < 60 for minute in minutes)
    assert jittered(default, default, "h", "shop") == jittered(default, default, "h", "shop")
    assert jittered("5 4 * * 1", default, "h", "shop") == "5 4 * * 1"


@pytest.mark.parametrize("schedule", ["", "* * * *", "@daily", "0 3 * * * root", "0 3 * * ;reboot"])
def test_what_is_not_five_fields_is_refused(schedule: str) -> None:
    with pytest.raises(UsageError, match="five fields"):
        crontab(replace(JOB, schedule=schedule))


def test_a_line_break_in_a_path_is_refused() -> None:
    with pytest.raises(UsageError, match="line break"):
        crontab(replace(JOB, root=Path("/srv/a\nb")))
