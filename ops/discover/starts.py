"""How an application is started, from the text of compose files, systemd units and Procfiles. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

# Services that hold data or stand in front of the application, by the last part of their image's name.
_NOT_THE_APP = {
    *("postgres", "postgis", "mysql", "mariadb", "mongo", "redis", "valkey", "memcached", "rabbitmq", "nats"),
    *("nginx", "traefik", "caddy", "haproxy", "adminer", "pgadmin4", "pgbouncer", "mailhog", "mailpit"),
    *("prometheus", "grafana", "minio", "elasticsearch", "watchtower", "cloudflared", "certbot"),
}


@dataclass(frozen=True)
class Start:
    """One way the application is started: `kind` compose, systemd or procfile, the file that says so, and
    the shell lines that stop and start it (empty: gigops cannot tell)."""

    kind: str
    file: Path
    names: tuple[str, ...]
    stop: str = ""
    start: str = ""


def compose(text: str, file: Path, folder: Path) -> Start | None:
    """The services of a compose file that are the application's own: those it builds, else those whose
    image is no well-known database or proxy."""
    import yaml

    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    services = found.get("services") if isinstance(found, dict) else None
    if not isinstance(services, dict):
        return None
    bodies = {str(name): body for name, body in services.items() if isinstance(body, dict)}
    names = [name for name, body in bodies.items() if "build" in body]
    names = names or [name for name, body in bodies.items() if _image(body) not in _NOT_THE_APP]
    if not names:
        return None
    where = "" if file.parent == folder else f" -f {shlex.quote(str(file.relative_to(folder)))}"
    words = " ".join(shlex.quote(name) for name in names)
    # `start` would wake the old container, with the environment it was made with.
    start = f"docker compose{where} up -d --no-deps --force-recreate {words}"
    return Start("compose", file, tuple(names), f"docker compose{where} stop {words}", start)


def unit(text: str, file: Path, folder: Path | None) -> Start | None:
    """A systemd service unit; with `folder`, only one that works in that folder or reads its env file."""
    if "@" in file.name or not re.search(r"^\[Service\]", text, re.MULTILINE):
        return None
    keys = ("WorkingDirectory", "EnvironmentFile", "ExecStart")
    lines = re.findall(rf"^\s*({'|'.join(keys)})\s*=\s*(.*?)\s*$", text, re.MULTILINE)
    if folder and not any(_within(value.lstrip("-:@+!").strip("\"'"), folder) for _, value in lines):
        return None
    name = shlex.quote(file.name.removesuffix(".service"))
    return Start("systemd", file, (name,), f"systemctl stop {name}", f"systemctl start {name}")


def procfile(text: str, file: Path) -> Start | None:
    """The processes of a Procfile. Who runs them is not written there, so there is no command."""
    names = re.findall(r"^([A-Za-z0-9_-]+):\s*\S", text, re.MULTILINE)
    return Start("procfile", file, tuple(names)) if names else None


def _image(body: dict[str, Any]) -> str:
    image = str(body.get("image", "")).split("@")[0]
    return image.split("/")[-1].split(":")[0]


def _within(value: str, folder: Path) -> bool:
    word = (value.split() or [""])[0]
    return word.startswith("/") and PurePath(word).is_relative_to(folder)
