"""`gigops provision`, `gigops status` and `gigops destroy`: the PostgreSQL server's life."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli import status as shown
from ops.cli.render import confirm, emit
from ops.cli.session import current
from ops.errors import Refused, UsageError
from ops.values import DatabaseUrl

if TYPE_CHECKING:
    from ops.provision.provider import Server
    from ops.settings import Settings

_Provider = Annotated[str | None, typer.Option(help="embedded, docker or url.")]

_PROVISION_HELP = """Make the PostgreSQL server to move to, or start it again. Twice is the same as once.

\b
Examples:
  gigops provision
  gigops provision --provider docker --plan
  gigops provision --provider docker --pg-version 16 --yes
  GIGOPS_TARGET_URL=postgresql://… gigops provision --provider url
"""

_STATUS_HELP = """Where the data is now: the server, what .env says.

\b
Examples:
  gigops status
  gigops status --json
  gigops status --provider docker
"""

_DESTROY_HELP = """Stop the server or remove its container. The data stays, unless --delete-data.

Asks for the application's name; a script gives it with --confirm.

\b
Examples:
  gigops destroy
  gigops destroy --provider docker --delete-data --confirm gigchain
"""


def register(app: typer.Typer) -> None:
    app.command("provision", help=_PROVISION_HELP)(provision)
    app.command("status", help=_STATUS_HELP)(status)
    app.command("destroy", help=_DESTROY_HELP)(destroy)


def provision(
    provider: _Provider = None,
    url: Annotated[
        str | None, typer.Option(help="A PostgreSQL you have; better in GIGOPS_TARGET_URL: others see flags.")
    ] = None,
    image: Annotated[str | None, typer.Option(help="The image of the container.")] = None,
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1; else one that is free.")] = None,
    pg_version: Annotated[str | None, typer.Option(help="PostgreSQL's major version.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, change nothing.")] = False,
) -> None:
    settings = current.settings(
        target__provider=provider or ("url" if url else None),
        target__url=url,
        target__image=image,
        target__port=None if port is None else str(port),
        target__version=pg_version,
    )
    from ops.wiring.provision import provider as wired

    chosen = wired(settings, current.reporter())
    steps = () if chosen.name == "url" and not plan else chosen.plan()
    changes = bool(steps) and not steps[0].startswith("nothing to do")
    if plan:
        again = "" if provider is None else f" --provider {provider}"
        following = f"next: gigops provision{again}" if changes else "next: gigops cutover --plan"
        emit({"provider": chosen.name, "changes": changes, "plan": list(steps)}, [*steps, following])
        return
    if chosen.name == "docker" and changes:
        for step in steps:
            current.reporter().say(step)
        confirm("Do this with Docker now?")
    server = chosen.create()
    following = "gigops status" if _is_in_use(settings, server.url) else "gigops cutover --plan"
    text = [*_lines(server, changes), *_to_keep(settings), f"next: {following}"]
    emit(_report(server, changes), text)


def status(provider: _Provider = None) -> None:
    shown.show(current.settings(target__provider=provider))


def destroy(
    provider: _Provider = None,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Also delete the data. It cannot be undone.")
    ] = False,
    confirm: Annotated[
        str | None, typer.Option(help="The application's name, in place of typing it.")
    ] = None,
) -> None:
    settings = current.settings(target__provider=provider)
    from ops.wiring.provision import provider as wired

    chosen = wired(settings, current.reporter())
    server = chosen.find()
    if chosen.name != "url":
        _ask_for_the_name(settings, server, delete_data, confirm)
    done = chosen.destroy(delete_data=delete_data)
    again = "" if provider is None else f" --provider {provider}"
    following = "gigops status" if delete_data else f"gigops provision{again}  (starts it again)"
    emit(
        {"provider": chosen.name, "data_deleted": delete_data, "done": list(done)},
        [*done, f"next: {following}"],
    )


def _ask_for_the_name(
    settings: Settings, server: Server | None, delete_data: bool, given: str | None
) -> None:
    """Raises Refused unless the user named the application; a flag that answers everything is not enough."""
    name, used = settings.app.name, server is not None and _is_in_use(settings, server.url)
    what = "delete the server and its data" if delete_data else "stop the server, its data stays"
    if used:
        current.reporter().warn(f"{settings.app.env_file} points to this server: the application loses it")
    if given is None and used:
        raise Refused(
            f"{settings.app.env_file} points to this server, the application uses it",
            hint=f"gigops env use sqlite first, or say it outright: gigops destroy --confirm {name}",
        )
    if given is None and not sys.stdin.isatty():
        raise UsageError("nobody can be asked for the application's name here", hint=f"add --confirm {name}")
    if given is None:
        sys.stderr.write(f"This will {what}.\nType the application's name (`{name}`) to go on: ")
        sys.stderr.flush()
        given = sys.stdin.readline().strip()
    if given != name:
        raise Refused(f"`{given}` is not `{name}`: nothing was changed", hint=f"the name is `{name}`")


def _is_in_use(settings: Settings, url: DatabaseUrl) -> bool:
    from ops.envfile import names_postgresql, read

    told = read(settings.app.env_file)
    if not names_postgresql(told):
        return False
    try:
        named = DatabaseUrl.parse(told.get("DATABASE_URL", ""))
    except UsageError:
        return False
    host = "127.0.0.1" if named.host in ("localhost", "::1") else named.host
    return (host, named.port) == (url.host, url.port)


def _report(server: Server, changed: bool) -> dict[str, Any]:
    return {
        "provider": server.provider,
        "name": server.name,
        "state": server.state,
        "version": server.version,
        "url": server.url,
        "detail": server.detail,
        "changed": changed,
    }


def _lines(server: Server, changed: bool) -> list[str]:
    runs = "runs" if changed else "runs already; nothing was changed"
    return [
        f"PostgreSQL {server.version} {runs if server.provider != 'url' else 'may be used'}",
        f"  url   {server.url}",
        *(f"  {part}" for part in server.detail.split("; ")),
    ]


def _to_keep(settings: Settings) -> list[str]:
    """What to write into gigops.yaml when flags chose otherwise: the next command reads the file again."""
    target, written = settings.target, current.settings().target
    chosen = {
        "provider": (target.provider, written.provider),
        "image": (target.image, written.image),
        "version": (target.version, written.version),
    }
    differing = [f"    {name}: {now}" for name, (now, then) in chosen.items() if now != then]
    lines = ["", "to keep this choice, put into gigops.yaml:", "  target:", *differing] if differing else []
    if target.provider == "url" and target.url != written.url:
        lines += ["", "and into the environment: GIGOPS_TARGET_URL (it holds the password)"]
    return [*lines, ""] if lines else []
