"""`gigops env show` and `gigops env use`: which database the application's env file names."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.render import confirm, emit, table
from ops.cli.session import current
from ops.errors import UsageError
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from ops.settings import Settings

_SHOW_HELP = """Which database the env file names, who can read the file, and what is kept beside it.

\b
Examples:
  gigops env show
  gigops env show --json
"""

_USE_HELP = """Make the env file name SQLite or PostgreSQL. Moves no rows: that is gigops cutover.

`postgresql` takes the server that target names, after it let us in. `sqlite` puts the kept file back byte for
byte if nobody changed the env file since; else it changes the two keys in their places. The file of before
is kept beside it, 0600.

\b
Examples:
  gigops env use sqlite
  gigops env use postgresql --plan
  GIGOPS_TARGET_URL=postgresql://… gigops env use postgresql
  gigops env use sqlite --lift-fence
"""


class Database(StrEnum):
    sqlite = "sqlite"
    postgresql = "postgresql"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The application's env file: show it, switch it.", no_args_is_help=True)
    group.command("show", help=_SHOW_HELP)(show)
    group.command("use", help=_USE_HELP)(use)
    app.add_typer(group, name="env")


def show() -> None:
    from ops.wiring import env

    found = env.status(current.settings())
    report = {
        "file": found.path,
        "real_file": found.real,
        "exists": found.exists,
        "mode": found.mode,
        "owner": found.owner,
        "DATABASE_TYPE": found.database_type,
        "DATABASE_URL": found.database_url,
        "concerns": found.concerns,
        "kept": [str(path) for path in found.kept],
    }
    behind = "" if found.real == found.path else f" -> {found.real}"
    rows = [
        ("file", f"{found.path}{behind}" if found.exists else f"{found.path} does not exist"),
        ("mode", f"{found.mode}, {found.owner}" if found.exists else ""),
        ("DATABASE_TYPE", found.database_type or "not set"),
        ("DATABASE_URL", found.database_url or "not set"),
        *(("kept", path.name) for path in found.kept),
        *(("concern", concern) for concern in found.concerns),
    ]
    emit(report, [f"{name:14} {value}" for name, value in rows if value])


def use(
    database: Annotated[Database, typer.Argument(help="sqlite or postgresql.")],
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, change nothing.")] = False,
    ask_url: Annotated[bool, typer.Option("--ask-url", help="Ask for the PostgreSQL URL, hidden.")] = False,
    lift_fence: Annotated[
        bool, typer.Option("--lift-fence", help="With sqlite: let the files take writes again.")
    ] = False,
) -> None:
    if database is Database.sqlite:
        if ask_url:
            raise UsageError("`--ask-url` goes with postgresql", hint="gigops env use postgresql --ask-url")
        _use_sqlite(current.settings(), plan=plan, lift_fence=lift_fence)
    else:
        if lift_fence:
            raise UsageError("`--lift-fence` goes with sqlite", hint="gigops env use sqlite --lift-fence")
        _use_postgresql(_asked() if ask_url else None, plan=plan)


def _use_postgresql(asked: str | None, *, plan: bool) -> None:
    from ops.envfile import content, edit, switch
    from ops.wiring import env

    settings = current.settings(target__url=asked)
    reporter = current.reporter()
    url = env.postgresql_url(settings, reporter)
    if not env.tables_in(url, settings.target.schema):
        reporter.warn(
            f"{url} has no tables in `{settings.target.schema}`", hint="gigops cutover moves the rows"
        )
    changes = env.to_postgresql(url)
    path = settings.app.env_file
    report: dict[str, Any] = {"file": path, "DATABASE_TYPE": "postgresql", "DATABASE_URL": str(url)}
    lines = table(("key", "value"), [("DATABASE_TYPE", "postgresql"), ("DATABASE_URL", str(url))])
    if plan:
        old = content(path)
        changed = edit(old or b"", changes) != old
        said = f"would write to {path}:" if changed else f"nothing to do: {path} says so already"
        emit({**report, "plan": True, "changed": changed}, [said, *lines] if changed else [said])
        return
    with env.alone(settings, reporter):
        done = switch(path, changes, datetime.now(UTC))
    for note in done.notes:
        reporter.warn(note)
    if done.changed:
        _tell_concerns(path)
    kept = f"the file of before: {done.kept.name}" if done.kept else ""
    said = f"{path} names PostgreSQL now" if done.changed else f"nothing to do: {path} says so already"
    next_ = _restart(settings) if done.changed else "gigops env show"
    emit(
        {**report, "changed": done.changed, "kept": done.kept, "notes": done.notes, "next": next_},
        [line for line in (said, *lines, kept, f"next: {next_}") if line],
    )


def _use_sqlite(settings: Settings, *, plan: bool, lift_fence: bool) -> None:
    from ops import envfile
    from ops.wiring import env

    reporter, path = current.reporter(), settings.app.env_file
    way, fenced = env.way_to_sqlite(settings), env.fenced(settings)
    match way:
        case envfile.Already():
            said = f"nothing to do: {path} names SQLite already"
        case envfile.PutBack(kept):
            said = f"{kept.name} goes back to {path}, byte for byte"
        case envfile.Edit(changes, reason):
            url = env.shown(changes.get("DATABASE_URL") or "") or "taken out"
            said = f"{path} is edited, for {reason}: DATABASE_TYPE=sqlite, DATABASE_URL {url}"
    report: dict[str, Any] = {
        "file": path,
        "DATABASE_TYPE": "sqlite",
        "changed": not isinstance(way, envfile.Already),
        "byte_for_byte": isinstance(way, envfile.PutBack),
        "fenced": [str(each) for each in fenced],
    }
    if fenced and not lift_fence:
        reporter.warn(
            f"{_files(fenced)} refuse writes since the cutover, and rows written to PostgreSQL "
            "since then are not in them",
            hint="gigops env use sqlite --lift-fence, if those rows may stay behind",
        )
    if plan:
        emit({**report, "plan": True, "changed": False}, [f"would do: {said}"])
        return
    if fenced and lift_fence:
        confirm(
            f"{_files(fenced)} will take writes again. Rows written to PostgreSQL since the cutover "
            "are not in them. Go ahead?"
        )
    with env.alone(settings, reporter):
        before = env.go_to_sqlite(settings, way, datetime.now(UTC))
        lifted = env.lift(fenced) if fenced and lift_fence else 0
    if before:
        _tell_concerns(path)
    lines = [said, f"the file of before: {before.name}" if before else ""]
    lines.append(f"{lifted} SQLite files take writes again" if lifted else "")
    next_ = _restart(settings) if before else "gigops env show"
    emit(
        {**report, "kept": before, "fence_lifted": lifted, "next": next_},
        [line for line in (*lines, f"next: {next_}") if line],
    )


def _tell_concerns(path: Path) -> None:
    from ops.envfile import concerns

    for concern in concerns(path):
        current.reporter().warn(f"{path.name}: {concern}")


def _restart(settings: Settings) -> str:
    app = settings.app
    command = f"{app.stop} && {app.start}" if app.stop and app.start else app.reload or app.start
    return command or "restart the application, unless it uses ops.database"


def _files(paths: list[Path]) -> str:
    return ", ".join(path.name for path in paths)


def _asked() -> str:
    from getpass import getpass

    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked for the URL here", hint="set GIGOPS_TARGET_URL")
    given = getpass("PostgreSQL URL (not shown): ", stream=sys.stderr)
    DatabaseUrl.parse(given)
    return given
