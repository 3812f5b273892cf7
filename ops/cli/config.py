"""`gigops config show` and `gigops config check`: the settings, their origins, their mistakes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli.render import emit, table
from ops.cli.session import current
from ops.errors import UsageError

if TYPE_CHECKING:
    from ops.config import Resolved

_SHOW_HELP = """Every setting and its value; secrets as ***.

\b
Examples:
  gigops config show
  gigops config show --origin
  gigops config show --json
"""

_CHECK_HELP = """Read gigops.yaml, GIGOPS_* and tell every mistake, each with its line.

\b
Examples:
  gigops config check
  gigops --config /srv/app/gigops.yaml config check
"""


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="The settings: what they are, where from, and whether they hold.", no_args_is_help=True
    )
    group.command("show", help=_SHOW_HELP)(show)
    group.command("check", help=_CHECK_HELP)(check)
    app.add_typer(group, name="config")


def show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value came from.")] = False,
) -> None:
    resolved = _resolved()
    report = {
        "file": current.config_path(),
        "exists": current.config_path().exists(),
        "settings": {o.key: {"value": o.value, "origin": o.where} for o in resolved.origins},
        "warnings": resolved.warnings,
    }
    if origin:
        lines = table(
            ("setting", "value", "from"), [(o.key, o.value or '""', o.where) for o in resolved.origins]
        )
    else:
        lines = table(("setting", "value"), [(o.key, o.value or '""') for o in resolved.origins])
    _warn(resolved)
    emit(report, lines)


def check() -> None:
    path = current.config_path()
    if not path.exists():
        raise UsageError(f"there is no `{path}`", hint="gigops init")
    resolved = _resolved()
    from ops.discover.databases import kind

    settings = resolved.settings
    unfit = [source.path for source in settings.sources if kind(source.path) != "sqlite"]
    notes = [f"{path} is {'not SQLite' if path.exists() else 'not there'}" for path in unfit]
    if not settings.sources:
        notes.append("`sources` names no SQLite file; gigops init finds them")
    if not settings.app.env_file.exists():
        notes.append(f"{settings.app.env_file} does not exist; gigops cutover makes it, 0600")
    _warn(resolved)
    given = sum(origin.where != "default" for origin in resolved.origins)
    lines = [f"{path}: no mistakes; {given} settings are given, the others have their defaults"]
    lines += [f"note: {note}" for note in notes]
    report = {"file": path, "mistakes": [], "warnings": resolved.warnings, "notes": notes}
    emit(report, [*lines, "next: gigops cutover --plan"])


def _resolved() -> Resolved:
    from ops.config import resolve

    return resolve(current.config_path(), os.environ, {})


def _warn(resolved: Resolved) -> None:
    reporter = current.reporter()
    for warning in resolved.warnings:
        reporter.warn(warning)
