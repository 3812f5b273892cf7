"""`gigops status`: where the application's data is now, one section after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.cli.render import emit
from ops.cli.runs import summary
from ops.cli.session import current
from ops.errors import NotReady, UsageError
from ops.values import DatabaseUrl, redact

if TYPE_CHECKING:
    from ops.provision.provider import Server
    from ops.settings import Settings


@dataclass(frozen=True)
class Section:
    """One part of the status: its key in the JSON report, what it holds, and the same as text."""

    key: str
    report: Mapping[str, Any]
    lines: Sequence[str]
    next: str = ""


def show(settings: Settings) -> None:
    """Prints all sections, and the first next command any of them has."""
    sections = [made for section in SECTIONS if (made := section(settings))]
    report = {section.key: section.report for section in sections}
    following = next((section.next for section in sections if section.next), "")
    lines = [line for section in sections for line in section.lines]
    lines += [f"next: {following}"] if following else []
    emit({"app": settings.app.name, **report, "next": following}, lines)


def server(settings: Settings) -> Section:
    """The PostgreSQL server: its state, place and size."""
    name = settings.target.provider
    again = "gigops provision" if name == "embedded" else f"gigops provision --provider {name}"
    try:
        found = _find(settings)
    except (NotReady, UsageError) as error:
        unknown = {"provider": name, "state": "unknown", "detail": error.message}
        return Section("server", unknown, [f"server    {name}, cannot be seen: {error.message}"], error.hint)
    if found is None:
        none = {"provider": name, "state": "none", "detail": ""}
        return Section("server", none, [f"server    {name}, none yet"], f"{again} --plan")
    size = _size(found)
    report: dict[str, Any] = {
        "provider": found.provider,
        "name": found.name,
        "state": found.state,
        "version": found.version,
        "url": found.url,
        "size_bytes": size,
        "detail": found.detail,
    }
    version = f", PostgreSQL {found.version}" if found.version else ""
    lines = [f"server    {found.provider}, {found.state}{version}", f"          {found.url}"]
    lines += [f"          {part}" for part in found.detail.split("; ")]
    lines += [f"          {size} in the database"] if size else []
    return Section("server", report, lines, "" if found.state == "running" else again)


def env_file(settings: Settings) -> Section:
    """What the application's `.env` says now."""
    from ops.envfile import read

    path = settings.app.env_file
    try:
        told = read(path)
    except NotReady as error:
        return Section("env", {"file": path, "detail": error.message}, [f".env      {error.message}"])
    kind, url = told.get("DATABASE_TYPE", ""), _without_password(told.get("DATABASE_URL", ""))
    report = {"file": path, "exists": path.exists(), "database_type": kind, "database_url": url}
    says = f"{kind or 'DATABASE_TYPE is not set'}{', ' + url if url else ''}"
    lines = [f".env      {says if path.exists() else 'there is none'}", f"          {path}"]
    return Section("env", report, lines)


def cutover(settings: Settings) -> Section | None:
    """How the last cutover ended, or where it stands."""
    from ops.wiring.playbooks import Playbooks

    playbooks = Playbooks.on_this_machine(settings, current.reporter())
    runs = playbooks.runs.all("cutover")
    if not runs:
        return None
    state, active = runs[0].state(), playbooks.runs.active()
    report = {"run": runs[0].id, "outcome": state.finished, "active": active}
    unfinished = not active and playbooks.runs.unfinished("cutover") is not None
    following = "gigops cutover  (goes on, or turns back)" if unfinished else ""
    lines = [f"cutover   {summary(state, active)}", f"          {runs[0].id}"]
    return Section("cutover", report, lines, following)


SECTIONS: tuple[Callable[[Settings], Section | None], ...] = (server, env_file, cutover)
"""What `gigops status` shows, in this order. A section that has nothing to say returns None."""


def _find(settings: Settings) -> Server | None:
    from ops.wiring.provision import provider

    return provider(settings, current.reporter()).find()


def _size(found: Server) -> Any:
    from ops.provision.login import size

    try:
        return size(found.url) if found.state == "running" else None
    except NotReady:
        return None


def _without_password(url: str) -> str:
    try:
        return str(DatabaseUrl.parse(url))
    except UsageError:
        return redact(url)
