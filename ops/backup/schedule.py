"""The crontab lines that take a backup by themselves."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.errors import UsageError

_FIELD = re.compile(r"[0-9A-Za-z*,/-]+")


@dataclass(frozen=True)
class Job:
    """One application's backup as cron is to run it; `command` are the words of the program, absolute."""

    app: str
    root: Path
    command: Sequence[str]
    schedule: str
    zone: str


def jittered(schedule: str, default: str, host: str, app: str) -> str:
    """`schedule`, with its minute spread over the hour when nobody chose it, so that a store is not asked
    by all machines at once. The same host and app always get the same minute."""
    if schedule.split() != default.split():
        return schedule
    number = int.from_bytes(hashlib.sha256(f"{host}/{app}".encode()).digest()[:4], "big")
    return " ".join([str(number % 60), *schedule.split()[1:]])


def crontab(job: Job) -> list[str]:
    """A comment and the job, both with the mark by which they can be found and replaced.

    Raises UsageError for a schedule that is not five fields, or a path that a crontab cannot hold."""
    fields = job.schedule.split()
    if len(fields) != 5 or not all(_FIELD.fullmatch(field) for field in fields):
        raise UsageError(
            f"`{job.schedule}` is not a cron schedule of five fields",
            hint='set backup.schedule in gigops.yaml, like "17 3 * * *"',
        )
    # cron gives HOME and a short PATH, and turns `%` into a line break unless it is escaped
    line = (
        f"cd {shlex.quote(str(job.root))} && mkdir -p -m 700 .gigops && "
        f"{shlex.join(job.command)} >> .gigops/backup.log 2>&1 {mark(job.app)}"
    )
    if "\n" in line:
        raise UsageError("a path with a line break cannot stand in a crontab", hint="rename the folder")
    comment = f"{mark(job.app)}: times are the machine's, {job.zone}"
    return [comment, f"{' '.join(fields)} {line}".replace("%", "\\%")]


def mark(app: str) -> str:
    """Ends the line as a comment of the shell: what `grep -v` finds when the line is replaced."""
    return "# gigops-backup-of-" + re.sub(r"[^A-Za-z0-9._-]", "-", app)
