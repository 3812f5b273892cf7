"""`gigops rejects`: the rows that a migration set aside, and the way to carry them after all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.render import emit, table, wrapped
from ops.cli.session import current
from ops.errors import Partly

if TYPE_CHECKING:
    from ops.migrate.rejects.folder import Kept, Run
    from ops.migrate.rejects.model import Row
    from ops.migrate.rejects.retry import Tried

_LIST = """List the rows that migrations set aside: run, table, how many, why.

\b
Examples:
  gigops rejects list
  gigops rejects list --json
"""
_SHOW = """Show one table's rejected rows: key, reason, every value.

\b
Examples:
  gigops rejects show orders
  gigops rejects show orders --json
"""
_RETRY = """Carry the rows that fit by now; the others stay, with their reason.

Correct values in the file that `gigops rejects list` names (one row a line, as JSON), or change
the column in PostgreSQL, or a rule under `types:` in gigops.yaml. PostgreSQL checks each row
against its keys and constraints. No row comes twice. Exit code 3 while rows are left.

\b
Examples:
  gigops rejects retry --plan
  gigops rejects retry
  gigops rejects retry --table orders
"""
_RUN = "The run's id, as `gigops rejects list` shows it; else the newest."
RunId = Annotated[str, typer.Option("--run", help=_RUN)]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Rows that could not be carried: kept whole, carried later.", no_args_is_help=True
    )
    group.command("list", help=_LIST)(list_)
    group.command("show", help=_SHOW)(show)
    group.command("retry", help=_RETRY)(retry)
    app.add_typer(group, name="rejects")


def list_() -> None:
    from ops.migrate.rejects.folder import all_runs

    folder = current.settings().state_dir / "rejects"
    runs = [(run, _tables(run)) for run in all_runs(folder)]
    report = {"runs": [{"run": run.id, "folder": run.folder, "tables": tables} for run, tables in runs]}
    if not runs:
        emit(report, ["no rows are set aside here", "next: gigops migrate --plan"])
        return
    emit(report, _listed(runs))


def show(
    of: Annotated[str, typer.Argument(metavar="TABLE", help="The table's name.")], run: RunId = "latest"
) -> None:
    found = _find(run)
    kept = found.table(of)
    rows = list(found.rows(kept))
    report = {
        "run": found.id,
        "table": kept.table,
        "file": found.folder / kept.file,
        "rows": [_row_report(row) for row in rows],
    }
    emit(report, _shown(found, kept, rows))


def retry(
    run: RunId = "latest",
    of: Annotated[str, typer.Option("--table", help="Only this table's rows.")] = "",
    target: Annotated[
        str | None, typer.Option("--target", help="postgresql://… Better in GIGOPS_TARGET_URL.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Try every row, and keep nothing.")] = False,
) -> None:
    from contextlib import closing

    from ops.database.connect import connect
    from ops.migrate.rejects.retry import retry as carry
    from ops.wiring.migrate import found_target

    found = _find(run)
    settings = current.settings(target__url=target)
    with closing(connect(found_target(settings, current.reporter()))) as connection:
        tried = carry(found, connection, settings.target.types, of, change=not plan)
    left = sum(len(one.left) for one in tried)
    emit(_retry_report(found, tried, plan), _retried(found, tried, plan))
    if left:
        raise typer.Exit(Partly.exit_code)


def _find(run: str) -> Run:
    from ops.migrate.rejects.folder import find_run

    return find_run(current.settings().state_dir / "rejects", run)


def _tables(run: Run) -> list[dict[str, Any]]:
    found = []
    for kept in run.tables():
        rows = list(run.rows(kept)) if run.is_whole(kept) else []
        left = [row for row in rows if not row.carried]
        found.append(
            {
                "table": kept.table,
                "rows": len(rows),
                "carried": len(rows) - len(left),
                "left": len(left),
                "reasons": _reasons(left),
                "file": run.folder / kept.file,
            }
        )
    return found


def _reasons(rows: Sequence[Row]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        for problem in row.problems:
            where = (problem.where, problem.reason)
            counts[where] = counts.get(where, 0) + 1
    return [
        {"column": c, "reason": r, "rows": n} for (c, r), n in sorted(counts.items(), key=lambda i: -i[1])
    ]


def _listed(runs: Sequence[tuple[Run, list[dict[str, Any]]]]) -> Iterator[str]:
    rows = [(run.id, t["table"], t["rows"], t["carried"], t["left"]) for run, tables in runs for t in tables]
    yield from table(("run", "table", "set aside", "carried", "left"), rows)
    newest, tables = runs[0]
    yield ""
    for each in tables:
        for reason in each["reasons"]:
            where = ".".join(word for word in (each["table"], reason["column"]) if word)
            yield from wrapped(f"{where}: ", f"{reason['rows']} x {reason['reason']}")
    yield f"the newest run's rows: {newest.folder}"
    waiting = next((each["table"] for each in tables if each["left"]), None)
    if waiting:
        yield f"next: gigops rejects show {waiting}"


def _shown(run: Run, kept: Kept, rows: Sequence[Row]) -> Iterator[str]:
    from ops.migrate.rejects.model import shown, shown_key

    yield f"{kept.table}: {len(rows)} rows set aside by run {run.id}"
    for row in rows:
        yield ""
        yield f"{shown_key(row.key)}" + (f"  (carried {row.carried})" if row.carried else "")
        for problem in () if row.carried else row.problems:
            yield from wrapped(f"  {problem.where or 'the row'}: ", problem.reason)
        for name, value in row.row.items():
            yield from wrapped(f"    {name}  ", shown(value))
    yield ""
    yield f"the rows: {run.folder / kept.file}"
    yield "next: correct them there, then gigops rejects retry --plan"


def _row_report(row: Row) -> dict[str, Any]:
    from ops.migrate.rejects.lines import document

    return document(row)


def _retry_report(run: Run, tried: Sequence[Tried], plan: bool) -> dict[str, Any]:
    return {
        "run": run.id,
        "changed": not plan and any(one.carried for one in tried),
        "tables": [
            {
                "table": one.kept.table,
                "carried": one.carried,
                "left": len(one.left),
                "gone": one.gone,
                "rows": [_row_report(row) for row in one.left],
            }
            for one in tried
        ],
    }


def _retried(run: Run, tried: Sequence[Tried], plan: bool) -> Iterator[str]:
    from ops.migrate.rejects.model import shown_key

    would = "would be carried" if plan else "carried"
    yield from table(("table", would, "left"), [(o.kept.table, o.carried, len(o.left)) for o in tried])
    for one in tried:
        for row in one.left:
            for problem in row.problems:
                where = ".".join(word for word in (one.kept.table, problem.where) if word)
                yield from wrapped(f"{where} ({shown_key(row.key)}): ", problem.reason)
        if one.gone:
            yield f"{one.kept.table}: {one.gone} more rows were taken out of the file: they stay behind"
    if any(one.left for one in tried):
        yield f"the rows: {run.folder}"
        yield "next: correct them there, then gigops rejects retry"
    else:
        yield "next: gigops rejects retry" if plan else "next: gigops verify"
