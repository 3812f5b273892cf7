"""Every verb a playbook may use, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ops.backup.take import Taken
from ops.capture import gate
from ops.capture.freeze import Freezer
from ops.interfaces import Clock, Http, Reporter, Shell
from ops.playbook.model import Hold, Verb
from ops.settings import Settings
from ops.steps import app, backup, env, postgres, rows, schema, shell
from ops.steps.move import Move

HOLDS = (Hold("app.freeze", until="app.fence"),)


@dataclass(frozen=True)
class Parts:
    """What the verbs reach outside with."""

    shell: Shell
    http: Http
    clock: Clock
    reporter: Reporter
    take_backup: Callable[[], Taken]


def verbs(settings: Settings, move: Move, parts: Parts) -> Mapping[str, Verb]:
    """The verbs, working on `move` through `parts`."""
    files = [source.path for source in settings.sources]
    freezer = Freezer(files, gate.paths_for(settings.app.env_file))
    provision, close = postgres.Provision(move), postgres.Close(move)
    create, finish = schema.Create(move), schema.Finish(move)
    copy, verify = rows.Copy(move, parts.reporter), rows.Verify(move, parts.reporter)
    freeze = app.Freeze(settings, freezer, parts.shell, parts.clock)
    fence = app.Fence(settings, freezer, parts.clock)
    start = app.Start(settings, parts.shell, parts.reporter)
    healthy = app.Healthy(settings, parts.http, parts.clock)
    opened = app.Open(settings, move)
    switch = env.Switch(settings, move, parts.clock)
    take = backup.Take(parts.take_backup, settings.backup.to)
    line = shell.Run(parts.shell, settings.root)
    return {
        "postgres.provision": Verb("make or start the PostgreSQL server", provision.plan, provision.apply),
        "postgres.close": Verb(
            "let only gigops write to PostgreSQL until `app.open`", close.plan, close.apply
        ),
        "schema.create": Verb("make the tables", create.plan, create.apply),
        "schema.finish": Verb("add keys, indexes, foreign keys, sequences", finish.plan, finish.apply),
        "rows.copy": Verb("copy every row", copy.plan, copy.apply),
        "rows.verify": Verb("compare every value on both sides", verify.plan, verify.apply),
        "app.freeze": Verb(
            "stop or hold the application's writers",
            freeze.plan,
            freeze.apply,
            undo=freeze.undo,
            options={"within": "seconds to wait for writers that hold a lock (30)"},
        ),
        "app.fence": Verb(
            "make the SQLite files refuse late writers", fence.plan, fence.apply, undo=fence.undo
        ),
        "app.start": Verb(
            "start or reload the application on PostgreSQL", start.plan, start.apply, undo=start.undo
        ),
        "app.healthy": Verb("wait until the health URL answers 2xx", healthy.plan, healthy.apply),
        "app.open": Verb("let the application write to PostgreSQL", opened.plan, opened.apply),
        "env.switch": Verb(
            "make .env name PostgreSQL", switch.plan, switch.apply, prepare=switch.prepare, undo=switch.undo
        ),
        "backup.take": Verb("take a backup", take.plan, take.apply),
        "shell.run": Verb(
            "run a command of your own",
            line.plan,
            line.apply,
            prepare=line.prepare,
            undo=line.undo,
            options={
                "command": "the line for /bin/sh, in the application's folder",
                "undo": "the line to run when the run turns back (none: nothing is run)",
                "timeout": "seconds to wait for either (600)",
            },
        ),
    }
