"""`gigops doctor`: checks the machine and the application's folder, one line a check, with the fix."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from ops.cli.render import emit
from ops.cli.session import current

if TYPE_CHECKING:
    from ops.doctor.check import Check

_HELP = """Check the machine and the application's folder, one line a check, with the fix. Changes nothing.

Exit code 0 when no check fails (warnings are fine), 1 otherwise.

\b
Examples:
  gigops doctor
  gigops doctor --json
  gigops --config /srv/app/gigops.yaml doctor
"""


_UNDER = "\n      "


def register(app: typer.Typer) -> None:
    app.command("doctor", help=_HELP)(doctor)


def doctor() -> None:
    from ops.wiring.doctor import checks

    found = list(checks(current.config_path(), os.environ, current.reporter()))
    count = Counter(check.verdict for check in found)
    following = "" if count["fail"] else "gigops cutover --plan"
    report = {
        "checks": [{"verdict": c.verdict, "what": c.what, "fact": c.fact, "fix": c.fix} for c in found],
        "ok": count["ok"],
        "warn": count["warn"],
        "fail": count["fail"],
        "next": following,
    }
    emit(report, lines(found, following))
    if count["fail"]:
        raise typer.Exit(1)


def lines(found: Sequence[Check], following: str) -> list[str]:
    out = []
    for check in found:
        out.append(f"{check.verdict:4}  {check.what}: {check.fact.replace(chr(10), _UNDER)}")
        if check.verdict != "ok" and check.fix:
            out.append(f"{_UNDER[1:]}fix: {check.fix}")
    count = Counter(check.verdict for check in found)
    out.append(f"{count['ok']} ok, {count['warn']} to look at, {count['fail']} failed")
    return [*out, f"next: {following}"] if following else out
