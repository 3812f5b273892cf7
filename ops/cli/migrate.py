"""`gigops migrate` and `gigops verify`: the tables and rows, and the proof that they are equal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import migrated as shown
from ops.cli.render import emit
from ops.cli.session import current
from ops.errors import Partly, UsageError, VerificationFailed
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from ops.migrate.run import Wanted
    from ops.migrate.verify import Comparison

_MIGRATE = """Copy SQLite files into PostgreSQL: tables, rows, keys; every value compared.

The files may be in use: a snapshot is copied, the files stay as they are. A run that was
interrupted goes on when it is run again. Without --source and --target those of gigops.yaml
are taken.

\b
Examples:
  gigops migrate --plan
  gigops migrate --source app.db --source auth.db --target postgresql://me@db/app
  GIGOPS_TARGET_URL=postgresql://… gigops migrate --source app.db
  gigops migrate --source a.db --source b.db --schema-per-source
"""
_VERIFY = """Compare every value of the SQLite files with PostgreSQL. Changes nothing.

Exit code 13 when anything differs; the first differences of each table are named.

\b
Examples:
  gigops verify
  gigops verify --source app.db --json
"""

Sources = Annotated[list[Path] | None, typer.Option("--source", help="A SQLite file; may be repeated.")]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        envvar="GIGOPS_TARGET_URL",
        show_envvar=False,
        help="postgresql://… Others can see a password on the command line: better in GIGOPS_TARGET_URL.",
    ),
]
SchemaName = Annotated[str | None, typer.Option("--schema-name", help="PostgreSQL schema for the tables.")]
PerSource = Annotated[bool, typer.Option("--schema-per-source", help="A schema for each file, by its name.")]
Prefix = Annotated[bool, typer.Option("--prefix", help="The file's name before each table's name.")]


def register(app: typer.Typer) -> None:
    app.command("migrate", help=_MIGRATE)(migrate)
    app.command("verify", help=_VERIFY)(verify)


def migrate(
    context: typer.Context,
    source: Sources = None,
    target: Target = None,
    schema_name: SchemaName = None,
    into_existing: Annotated[
        bool, typer.Option("--into-existing", help="The target may hold other tables.")
    ] = False,
    schema_per_source: PerSource = False,
    prefix: Prefix = False,
    on_misfit: Annotated[
        str, typer.Option("--on-misfit", help="Values unlike their column's type: fail or widen the type.")
    ] = "fail",
    plan: Annotated[
        bool, typer.Option("--plan", help="Show each column's type and why; change nothing.")
    ] = False,
) -> None:
    if on_misfit not in ("fail", "widen"):
        raise UsageError(f"`{on_misfit}` is no way to treat misfits", hint="--on-misfit fail, or widen")
    _warn_of_password(context, target)
    if plan:
        _show_plan(source, schema_name, schema_per_source, prefix, on_misfit)
        return
    from dataclasses import replace

    from ops.migrate.run import migrate as run

    wanted = _wanted(source, target, schema_name, schema_per_source, prefix)
    wanted = replace(
        wanted,
        into_existing=into_existing or wanted.into_existing,
        on_misfit="widen" if on_misfit == "widen" else "fail",
    )
    done = run(wanted, current.reporter(), _Unhurried())
    emit(shown.migrated_report(done, wanted.url), shown.migrated_lines(done))
    _leave(done.comparison)


def verify(
    context: typer.Context,
    source: Sources = None,
    target: Target = None,
    schema_name: SchemaName = None,
    schema_per_source: PerSource = False,
    prefix: Prefix = False,
) -> None:
    _warn_of_password(context, target)
    from ops.migrate.run import compare

    wanted = _wanted(source, target, schema_name, schema_per_source, prefix)
    comparison = compare(wanted, current.reporter(), _Unhurried())
    emit(shown.comparison_report(comparison), shown.comparison_lines(comparison))
    _leave(comparison)


class _Unhurried:
    """A pace without a window: Ctrl-C is a signal, which stops by itself."""

    def check(self) -> None:
        pass


def _wanted(
    source: list[Path] | None, target: str | None, schema: str | None, per_source: bool, prefix: bool
) -> Wanted:
    from ops.migrate.run import Wanted
    from ops.wiring.migrate import apart, found_target, named_sources

    if source and target:
        named = named_sources(source, schema_per_source=per_source, prefix=prefix)
        folder = current.config_path().parent / ".gigops" / "snapshots"
        return Wanted(named, DatabaseUrl.parse(target), folder, schema or "public")
    settings = current.settings()
    if source:
        named = named_sources(source, schema_per_source=per_source, prefix=prefix)
    else:
        named = apart(settings.sources, schema_per_source=per_source, prefix=prefix)
    url = DatabaseUrl.parse(target) if target else found_target(settings, current.reporter())
    folder = settings.state_dir / "snapshots"
    return Wanted(named, url, folder, schema or settings.target.schema, settings.target.into_existing)


def _show_plan(
    source: list[Path] | None, schema: str | None, per_source: bool, prefix: bool, on_misfit: str
) -> None:
    from ops.migrate.survey import survey
    from ops.wiring.migrate import apart, named_sources

    if source:
        named = named_sources(source, schema_per_source=per_source, prefix=prefix)
    else:
        settings = current.settings()
        schema = schema or settings.target.schema
        named = apart(settings.sources, schema_per_source=per_source, prefix=prefix)
    migration = survey(named, schema=schema or "public", on_misfit="widen")
    emit(shown.plan_report(migration), shown.plan_lines(migration, on_misfit))


def _warn_of_password(context: typer.Context, target: str | None) -> None:
    origin = context.get_parameter_source("target")
    if (
        origin is not None
        and origin.name == "COMMANDLINE"
        and target
        and DatabaseUrl.parse(target).password is not None
    ):
        current.reporter().warn(
            "a password on the command line can be read by every user of this machine",
            hint="put the URL into GIGOPS_TARGET_URL instead of --target",
        )


def _leave(comparison: Comparison) -> None:
    """The report is on stdout already, so what is wrong goes to stderr and into the exit code."""
    if not comparison.equal:
        sys.stderr.write(f"error: {comparison.differences} differences between SQLite and PostgreSQL\n")
        sys.stderr.write(
            "hint: if nobody wrote to either side, run gigops migrate again into another schema\n"
        )
        raise typer.Exit(VerificationFailed.exit_code)
    if not comparison.complete:
        sys.stderr.write("error: every value is equal, but keys or constraints are missing (listed above)\n")
        sys.stderr.write("hint: add them by hand, or correct the rows and run it again\n")
        raise typer.Exit(Partly.exit_code)
