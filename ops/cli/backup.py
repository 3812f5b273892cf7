"""`gigops backup`: take backups, list them, restore one beside what is there, schedule them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.render import emit, table
from ops.cli.session import current
from ops.values import Size

if TYPE_CHECKING:
    from ops.backup.manifest import Manifest
    from ops.backup.restore import Restored
    from ops.settings import Settings

_RUN = """Back up the database that the application's .env points to now.

SQLite files are copied by SQLite's online backup, all at one moment; PostgreSQL by pg_dump. The
backup exists when it is whole: a dump that ends badly leaves nothing behind.

\b
Examples:
  gigops backup run
  gigops backup run --store s3://my-bucket/gigchain
  gigops backup run --plan
"""
_LIST = """List the backups there are, newest first.

\b
Examples:
  gigops backup list
  gigops backup list --json
"""
_SHOW = """Show one backup: its objects, tables and rows.

\b
Examples:
  gigops backup show latest
"""
_RESTORE = """Restore a backup beside what is there; nothing that exists is changed.

PostgreSQL goes into a new database on the same server (or into an empty one of yours), SQLite into
a folder. Hashes are checked before, row counts after.

\b
Examples:
  gigops backup restore latest
  gigops backup restore latest --to postgresql://me@db.example.com/empty
  gigops backup restore 20261123-203512345-9c1d7f --to /tmp/looked-at
"""
_SCHEDULE = """Print the crontab lines that take a backup by themselves.

\b
Examples:
  gigops backup schedule
  ( crontab -l; gigops backup schedule ) | crontab -
"""

Store = Annotated[
    str | None, typer.Option("--store", help="Folder or s3://bucket/prefix, in place of backup.to.")
]
Plan = Annotated[bool, typer.Option("--plan", help="Say what would be done, and do nothing.")]
Wanted = Annotated[str, typer.Argument(metavar="ID|latest", help="A backup's id, or the newest.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Backups: taken whole or not at all.", no_args_is_help=True)
    group.command("run", help=_RUN)(run)
    group.command("list", help=_LIST)(list_)
    group.command("show", help=_SHOW)(show)
    group.command("restore", help=_RESTORE)(restore)
    group.command("schedule", help=_SCHEDULE)(schedule)
    app.add_typer(group, name="backup")


def run(store: Store = None, plan: Plan = False) -> None:
    from ops.wiring import backup

    settings = _settings(store)
    taker = backup.taker(settings, current.reporter())
    what, where = taker.origin.describe(), taker.store.describe()
    if plan:
        report = {"plan": [f"back up the {what} to {where}"], "store": where}
        emit(report, [*report["plan"], "next: gigops backup run"])
        return
    current.reporter().say(f"backing up the {what} to {where}")
    taken = taker.take()
    emit(
        {
            "id": taken.id,
            "where": taken.where,
            "kind": taken.kind,
            "bytes": taken.bytes,
            "tables": taken.tables,
            "rows": taken.rows,
            "seconds": taken.seconds,
            "one_point": taken.one_point,
        },
        [
            f"backup {taken.id}",
            f"  where  {taken.where}",
            f"  holds  {_amount(taken.rows, taken.tables)}, {Size(taken.bytes)}",
            f"  took   {taken.seconds:.1f} s",
            *([] if taken.one_point else ["  the files are not of one moment: see backup show"]),
            f"next: gigops backup restore {taken.id}",
        ],
    )


def list_(store: Store = None) -> None:
    from ops.backup import catalogue
    from ops.wiring import backup

    settings = _settings(store)
    place = backup.store(settings)
    found = catalogue.read(place, settings.app.name)
    where = place.describe()
    report = {
        "store": where,
        "backups": [_summary(manifest) for manifest in found.backups],
        "unfinished": list(found.unfinished),
        "damaged": [{"id": one.id, "reason": one.reason} for one in found.damaged],
    }
    rows = [
        (m.id, m.kind, f"{m.started:%Y-%m-%d %H:%M}", Size(m.bytes), len(m.tables), m.rows)
        for m in found.backups
    ]
    lines = table(("id", "kind", "when (UTC)", "size", "tables", "rows"), rows) if rows else []
    lines += [f"damaged: {one.id}: {one.reason}" for one in found.damaged]
    if found.unfinished:
        lines.append(f"{len(found.unfinished)} unfinished (running now, or cut short): no backups")
    if not rows:
        emit(report, [f"no backup of {settings.app.name} in {where}", *lines, "next: gigops backup run"])
        return
    emit(report, [*lines, "next: gigops backup restore latest"])


def show(wanted: Wanted, store: Store = None) -> None:
    from ops.backup import catalogue
    from ops.wiring import backup

    settings = _settings(store)
    place = backup.store(settings)
    manifest = catalogue.find(place, settings.app.name, wanted)
    told = manifest.server if manifest.kind == "sqlite" else f"PostgreSQL {manifest.server}"
    lines = [
        f"backup {manifest.id} of {manifest.app}",
        f"  database  {manifest.database} ({told})",
        f"  made by   {manifest.tool}, {manifest.started:%Y-%m-%d %H:%M:%S} UTC",
        f"  moment    {'one for all' if manifest.one_point else 'not one: ' + '; '.join(manifest.notes)}",
        "",
        *table(("object", "bytes", "sha256"), [(i.name, i.bytes, i.sha256[:16]) for i in manifest.items]),
        "",
        *table(("in", "table", "rows"), [(t.space, t.table, t.rows) for t in manifest.tables]),
        f"next: gigops backup restore {manifest.id}",
    ]
    from ops.backup.manifest import document

    emit({"store": place.describe(), **document(manifest)}, lines)


def restore(
    wanted: Wanted,
    to: Annotated[str, typer.Option("--to", help="URL of an empty database, or a folder (SQLite).")] = "",
    store: Store = None,
    plan: Plan = False,
) -> None:
    from ops.wiring import backup

    settings = _settings(store)
    restorer = backup.restorer(settings, current.reporter())
    manifest = restorer.find(wanted)
    if plan:
        lines = restorer.plan(manifest, to)
        emit({"id": manifest.id, "plan": list(lines)}, [*lines, f"next: gigops backup restore {manifest.id}"])
        return
    current.reporter().say(f"restoring backup {manifest.id} from {restorer.store.describe()}")
    done = restorer.restore(manifest, to)
    report = {
        "id": done.id,
        "kind": done.kind,
        "url": str(done.url) if done.url else None,
        "files": [str(path) for path in done.files],
        "tables": done.tables,
        "rows": done.rows,
        "seconds": done.seconds,
    }
    emit(report, _restored(done))


def schedule() -> None:
    from ops.backup.schedule import crontab, mark
    from ops.wiring import backup

    settings = current.settings()
    job = backup.job(settings, current.config_path().absolute())
    lines = crontab(job)
    emit({"crontab": lines, "schedule": job.schedule, "time_zone": job.zone}, lines)
    say = current.reporter().say
    say("install it, in place of an earlier one:")
    say(f"  ( crontab -l | grep -v '{mark(settings.app.name)}'; gigops backup schedule ) | crontab -")
    if settings.backup.to.startswith("s3://"):
        say("cron has no AWS_* variables of yours: keep the key in ~/.aws/credentials")


def _settings(store: str | None) -> Settings:
    return current.settings(backup__to=store)


def _summary(manifest: Manifest) -> dict[str, Any]:
    return {
        "id": manifest.id,
        "kind": manifest.kind,
        "database": manifest.database,
        "started": manifest.started,
        "finished": manifest.finished,
        "bytes": manifest.bytes,
        "tables": len(manifest.tables),
        "rows": manifest.rows,
        "one_point": manifest.one_point,
    }


def _restored(done: Restored) -> list[str]:
    head = f"restored {_amount(done.rows, done.tables)} in {done.seconds:.1f} s, counts as recorded"
    if done.url is None:
        return [
            head,
            *(f"  {path}" for path in done.files),
            "the application still uses its own files",
            "next: stop the application, then copy these over its files",
        ]
    return [
        head,
        f"  {done.url}",
        "the application still uses its own database; owners and grants are not restored",
        "to move it here, give that URL with its password when asked:",
        "next: gigops env use postgresql --ask-url",
    ]


def _amount(rows: int, tables: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'} in {tables} table{'' if tables == 1 else 's'}"
