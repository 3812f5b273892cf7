"""`gigops cutover`: the whole move in one resumable step, its plan and its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli import runs as shown
from ops.cli.render import confirm, emit, wrapped
from ops.cli.session import current

if TYPE_CHECKING:
    from ops.playbook.state import State
    from ops.settings import Settings

NAME = "cutover"

_HELP = """Move the application to PostgreSQL: copy, check every value, switch .env, open, back up.

Killed or stopped at any moment, the same command goes on, or turns back by itself when the window is
over or a step fails: then the application is on SQLite again. The SQLite files are never deleted.

\b
Examples:
  gigops cutover --plan
  gigops cutover --yes
  gigops cutover --window 5m --provider docker
  gigops cutover status
"""


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=_HELP, invoke_without_command=True, no_args_is_help=False)
    group.callback()(cutover)
    group.command("status", help=_STATUS_HELP)(status)
    app.add_typer(group, name=NAME)


def cutover(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, change nothing.")] = False,
    window: Annotated[
        str | None, typer.Option(help="How long the application may wait, such as 15m.")
    ] = None,
    provider: Annotated[str | None, typer.Option(help="embedded, docker or url.")] = None,
    into_existing: Annotated[
        bool, typer.Option("--into-existing", help="Allow a database that holds other tables.")
    ] = False,
    schema_name: Annotated[str | None, typer.Option(help="The PostgreSQL schema to move to.")] = None,
    on_misfit: Annotated[
        str | None,
        typer.Option(help="Values unlike their column's type: fail, widen the type, or reject rows."),
    ] = None,
    allow_rejects: Annotated[
        str | None, typer.Option("--allow-rejects", help="How many rows may be set aside.")
    ] = None,
    on_orphan: Annotated[
        str | None, typer.Option("--on-orphan", help="Rows without their parent: keep, reject, or null.")
    ] = None,
) -> None:
    if context.invoked_subcommand:
        return
    settings = current.settings(
        cutover__window=window,
        target__provider=provider,
        target__into_existing="true" if into_existing else None,
        target__schema=schema_name,
        target__on_misfit=on_misfit,
        target__allow_rejects=allow_rejects,
        target__on_orphan=on_orphan,
    )
    from ops.config import require_sources
    from ops.wiring.playbooks import Playbooks

    require_sources(settings)
    playbooks = Playbooks.on_this_machine(settings, current.reporter())
    if moved := playbooks.moved(NAME):
        text = f"nothing to do: `{settings.app.name}` moved to PostgreSQL with run {moved.id}"
        report = {"outcome": "complete", "run": moved.id, "changed": False}
        emit(report, [text, "next: gigops status"])
        return
    if plan:
        shown.print_plan(playbooks, NAME, "gigops cutover")
        return
    confirm(f"Move {len(settings.sources)} SQLite files of `{settings.app.name}` to PostgreSQL now?")
    run, state = playbooks.run(NAME)
    shown.finish(run, state, _report(settings, run.id, state), _lines(settings, state), opened_by="open")


_STATUS_HELP = """Where the last cutover stands.

\b
Examples:
  gigops cutover status
  gigops --json cutover status
"""


def status() -> None:
    settings = current.settings()
    from ops.wiring.playbooks import Playbooks

    playbooks = Playbooks.on_this_machine(settings, current.reporter())
    shown.print_status(playbooks, NAME)


def _report(settings: Settings, run: str, state: State) -> dict[str, Any]:
    from ops.playbook.run import window_seconds

    told = {name: dict(known.result) for name, known in state.steps.items()}
    verified, backup = told.get("verify", {}), told.get("backup", {})
    return {
        "outcome": state.finished,
        "run": run,
        "changed": True,
        "tables": verified.get("tables"),
        "rows": verified.get("rows"),
        "values_compared": verified.get("values"),
        "constraints": verified.get("constraints"),
        "rejected": told.get("copy", {}).get("rejected", 0),
        "rejects": told.get("copy", {}).get("rejects", []),
        "window_seconds": window_seconds(state, "open"),
        "url": told.get("provision", {}).get("url"),
        "env_file": settings.app.env_file,
        "backup": backup.get("backup"),
        "backup_where": backup.get("where"),
        "notes": [*told.get("schema", {}).get("notes", []), *told.get("indexes", {}).get("notes", [])],
    }


def _kept(constraints: Mapping[str, Mapping[str, int]]) -> str:
    counts = [f"{c['present']} of {c['expected']} {name}" for name, c in constraints.items() if c["expected"]]
    return ", ".join(counts)


def _set_aside(rows: int, folders: Sequence[str]) -> list[str]:
    said = "1 row" if rows == 1 else f"{rows:,} rows"
    return [line for folder in folders for line in wrapped("  set aside    ", f"{said}: {folder}")]


def _lines(settings: Settings, state: State) -> list[str]:
    report = _report(settings, "", state)
    window = report["window_seconds"] or 0.0
    lines = [
        f"`{settings.app.name}` is on PostgreSQL.",
        f"  rows moved   {report['rows'] or 0:,} in {report['tables']} tables",
        f"  compared     {report['values_compared'] or 0:,} values, all equal",
        *wrapped("  kept         ", _kept(report["constraints"] or {})),
        *_set_aside(report["rejected"], report["rejects"]),
        f"  window       {window:.1f} s",
        f"  database     {report['url']}",
        f"  switched     {settings.app.env_file}",
        f"  backup       {report['backup'] or 'none'}",
    ]
    lines += [line for note in report["notes"] for line in wrapped("  note         ", note)]
    app = settings.app
    if not (app.start or app.reload):
        lines += wrapped(
            "  restart      ", "the application, so that it reads .env; not if it uses ops.database"
        )
    return [*lines, "next: gigops backup schedule"]
