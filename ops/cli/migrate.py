"""`gigops migrate` and `gigops verify`: the tables and rows, and the proof that they are equal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import migrated as shown
from ops.cli.render import emit
from ops.cli.session import current
from ops.errors import Partly, VerificationFailed
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from ops.migrate.run import Wanted
    from ops.migrate.verify import Comparison
    from ops.settings import Settings, Source

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
  gigops migrate --provider docker
  gigops migrate --schema existing --plan
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
        help="postgresql://… Others can see a password on the command line: better in GIGOPS_TARGET_URL.",
    ),
]
Provider = Annotated[str | None, typer.Option("--provider", help="embedded, docker or url.")]
SchemaName = Annotated[str | None, typer.Option("--schema-name", help="PostgreSQL schema for the tables.")]
PerSource = Annotated[bool, typer.Option("--schema-per-source", help="A schema for each file, by its name.")]
Prefix = Annotated[bool, typer.Option("--prefix", help="The file's name before each table's name.")]


def register(app: typer.Typer) -> None:
    app.command("migrate", help=_MIGRATE)(migrate)
    app.command("verify", help=_VERIFY)(verify)


def migrate(
    source: Sources = None,
    target: Target = None,
    provider: Provider = None,
    schema_name: SchemaName = None,
    into_existing: Annotated[
        bool, typer.Option("--into-existing", help="The target may hold other tables.")
    ] = False,
    schema_per_source: PerSource = False,
    prefix: Prefix = False,
    on_misfit: Annotated[
        str | None,
        typer.Option(
            "--on-misfit", help="Values unlike their column's type: fail, widen it, or reject rows."
        ),
    ] = None,
    allow_rejects: Annotated[
        str | None, typer.Option("--allow-rejects", help="How many rows may be set aside (with reject).")
    ] = None,
    on_orphan: Annotated[
        str | None, typer.Option("--on-orphan", help="Rows without their parent: keep, reject, or null.")
    ] = None,
    tables: Annotated[
        str | None,
        typer.Option("--schema", help="new tables, or existing ones (made by the app's migrations)."),
    ] = None,
    names: Annotated[
        str | None, typer.Option("--names", help="Names in PostgreSQL: preserve, lower or snake.")
    ] = None,
    compat: Annotated[
        bool | None,
        typer.Option("--compat/--native", help="Booleans and dates as they are, or PostgreSQL's types."),
    ] = None,
    skip_verify: Annotated[
        bool, typer.Option("--skip-verify", help="Do not compare the values afterwards.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show each column's type and why; change nothing.")
    ] = False,
) -> None:
    flags = {
        "target__into_existing": "true" if into_existing else None,
        "target__on_misfit": on_misfit,
        "target__allow_rejects": allow_rejects,
        "target__on_orphan": on_orphan,
        "target__tables": tables,
        "target__names": names,
        "target__compat": None if compat is None else str(compat).lower(),
    }
    settings = _settings(source, target, provider, schema_name, flags)
    named = _sources(settings, schema_per_source, prefix)
    if plan:
        from ops.migrate.snapshot import settled
        from ops.migrate.survey import survey

        existing = settings.target.tables == "existing"
        url = _wanted(settings, named).url if existing else None
        with settled(named, settings.state_dir / "snapshots") as sources:
            migration = survey(sources, settings.target, url=url, refuse=False)
        emit(shown.plan_report(migration), shown.plan_lines(migration, settings.target))
        return
    from ops.migrate.run import migrate as run

    wanted = replace(_wanted(settings, named), proof=not skip_verify)
    done = run(wanted, current.reporter(), _Unhurried())
    emit(shown.migrated_report(done, wanted.url), shown.migrated_lines(done))
    if done.comparison:
        _leave(done.comparison)
    if done.migration.found.rows:
        sys.stderr.write(f"error: {done.migration.found.rows} rows are set aside (listed above)\n")
        sys.stderr.write("hint: gigops rejects list\n")
        raise typer.Exit(Partly.exit_code)


def verify(
    source: Sources = None,
    target: Target = None,
    provider: Provider = None,
    schema_name: SchemaName = None,
    schema_per_source: PerSource = False,
    prefix: Prefix = False,
) -> None:
    from ops.migrate.run import compare

    settings = _settings(source, target, provider, schema_name, {})
    wanted = _wanted(settings, _sources(settings, schema_per_source, prefix))
    comparison = compare(wanted, current.reporter(), _Unhurried())
    emit(shown.comparison_report(comparison), shown.comparison_lines(comparison))
    _leave(comparison)


class _Unhurried:
    """A pace without a window: Ctrl-C is a signal, which stops by itself."""

    def check(self) -> None:
        pass


def _settings(
    source: list[Path] | None,
    target: str | None,
    provider: str | None,
    schema: str | None,
    flags: Mapping[str, str | None],
) -> Settings:
    """The settings with these flags; warns of a password among them."""
    if target and DatabaseUrl.parse(target).password is not None:
        current.reporter().warn(
            "a password on the command line can be read by every user of this machine",
            hint="put the URL into GIGOPS_TARGET_URL instead of --target",
        )
    named = os.pathsep.join(map(str, source)) if source else None
    return current.settings(
        sources=named, target__url=target, target__provider=provider, target__schema=schema, **flags
    )


def _sources(settings: Settings, per_source: bool, prefix: bool) -> tuple[Source, ...]:
    from ops.config import require_sources
    from ops.wiring.migrate import apart

    require_sources(settings)
    return apart(settings.sources, schema_per_source=per_source, prefix=prefix)


def _wanted(settings: Settings, named: tuple[Source, ...]) -> Wanted:
    from ops.migrate.run import Wanted
    from ops.wiring.migrate import found_target

    url = found_target(settings, current.reporter())
    folder = settings.state_dir / "snapshots"
    return Wanted(named, url, folder, settings.target)


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
