"""Every key gigops.yaml knows, and how its text becomes a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ops.config.naming import app_name
from ops.errors import UsageError
from ops.settings import EPOCHS
from ops.values import DatabaseUrl, Duration

PROVIDERS = ("embedded", "docker", "url")


@dataclass(frozen=True)
class Key:
    """One setting: its dotted name, and `read`, which takes the text and the folder that relative paths
    start from. `read` raises UsageError saying what is wrong with the text."""

    name: str
    read: Callable[[str, Path], object]

    @property
    def variable(self) -> str:
        return "GIGOPS_" + self.name.upper().replace(".", "_")


def _line(text: str, base: Path) -> str:
    del base
    if "\n" in text.strip() or "\0" in text:
        raise UsageError("must be one line")
    return text.strip()


def _name(text: str, base: Path) -> str:
    del base
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", text):
        raise UsageError(f"`{text}` is not a name (letters, digits, `-`, `_`); try `{app_name(text)}`")
    return text


def _identifier(text: str, base: Path) -> str:
    del base
    if not text or "\0" in text or len(text.encode()) > 63:
        raise UsageError("must be a PostgreSQL name of 1 to 63 bytes")
    return text


def _path(text: str, base: Path) -> Path:
    if not text or "\0" in text:
        raise UsageError("must be a path")
    return base / Path(text).expanduser()


def _place(text: str, base: Path) -> str:
    return text if "://" in text else str(_path(text, base))


def _http_url(text: str, base: Path) -> str:
    del base
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise UsageError("must be an http:// or https:// URL")
    return text


def _provider(text: str, base: Path) -> str:
    del base
    if text not in PROVIDERS:
        raise UsageError(f"`{text}` is not a provider; choose embedded, docker or url")
    return text


def _url(text: str, base: Path) -> DatabaseUrl | None:
    del base
    return DatabaseUrl.parse(text) if text else None


def _port(text: str, base: Path) -> int:
    del base
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise UsageError(f"`{text}` is not a port (0 to 65535; 0 means one that is free)")
    return int(text)


def _version(text: str, base: Path) -> str:
    del base
    if not re.fullmatch(r"([0-9]{1,2}(\.[0-9]{1,3})?)?", text):
        raise UsageError(f"`{text}` is not a PostgreSQL version; write it like 17")
    return text


def _boolean(text: str, base: Path) -> bool:
    del base
    if text.lower() not in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        raise UsageError(f"`{text}` is neither true nor false")
    return text.lower() in ("true", "yes", "on", "1")


def _one_of(*words: str) -> Callable[[str, Path], object]:
    def read(text: str, base: Path) -> str:
        del base
        if text not in words:
            raise UsageError(f"`{text}` is none of {', '.join(words)}")
        return text

    return read


def _count(text: str, base: Path) -> int:
    del base
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise UsageError(f"`{text}` is not a number of rows")
    return int(text)


def _duration(text: str, base: Path) -> Duration:
    del base
    try:
        return Duration.parse(text)
    except UsageError as error:
        raise UsageError(f"{error.message}; {error.hint}") from None


def _schedule(text: str, base: Path) -> str:
    del base
    fields = text.split()
    if len(fields) != 5 or not all(re.fullmatch(r"[0-9A-Za-z*,/-]+", f) for f in fields):
        raise UsageError(f"`{text}` is not five cron fields; write it like 17 3 * * *")
    return " ".join(fields)


KEYS = {
    key.name: key
    for key in (
        Key("app.name", _name),
        Key("app.env_file", _path),
        Key("app.stop", _line),
        Key("app.start", _line),
        Key("app.reload", _line),
        Key("app.health_url", _http_url),
        Key("app.health_timeout", _duration),
        Key("target.provider", _provider),
        Key("target.url", _url),
        Key("target.database", _identifier),
        Key("target.user", _identifier),
        Key("target.port", _port),
        Key("target.version", _version),
        Key("target.image", _line),
        Key("target.schema", _identifier),
        Key("target.into_existing", _boolean),
        Key("target.tables", _one_of("new", "existing")),
        Key("target.compat", _boolean),
        Key("target.on_misfit", _one_of("fail", "widen", "reject")),
        Key("target.allow_rejects", _count),
        Key("target.on_orphan", _one_of("keep", "reject", "null")),
        Key("target.names", _one_of("preserve", "lower", "snake")),
        Key("backup.to", _place),
        Key("backup.schedule", _schedule),
        Key("backup.endpoint_url", _http_url),
        Key("cutover.window", _duration),
        Key("cutover.reserve", _duration),
    )
}
SECTIONS = tuple(dict.fromkeys(name.split(".")[0] for name in KEYS))
SOURCE_KEYS = ("path", "schema", "prefix")


def _pattern(text: str, base: Path) -> str:
    del base
    if not text.strip() or "\n" in text:
        raise UsageError("must be a pattern, such as orders.*_at")
    return text.strip()


def _type(text: str, base: Path) -> str:
    """The text goes into CREATE TABLE as it is, so nothing but a type's name may stand in it."""
    del base
    if not re.fullmatch(r"[A-Za-z_][\w. ]*(\(\d+(, *-?\d+)?\))?( with(out)? time zone)?(\[\])*", text):
        raise UsageError(f"`{text}` is no type of PostgreSQL; write it like numeric(10,2) or timestamptz")
    return text


RULE_KEYS = {
    key.name: key
    for key in (
        Key("column", _pattern),
        Key("declared", _pattern),
        Key("type", _type),
        Key("epoch", _one_of(*EPOCHS)),
        Key("empty", _one_of("null")),
        Key("nul", _one_of("strip", "replace", "escape")),
        Key("utf8", _one_of("replace", "cp1252", "bytea")),
    )
}
