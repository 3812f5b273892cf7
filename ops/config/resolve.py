"""Puts flags over GIGOPS_* over gigops.yaml over the defaults, and remembers where each value came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.config.document import Document, Given, GivenSource
from ops.config.keys import KEYS, RULE_KEYS, Key
from ops.config.mistakes import Mistake, refuse, unknown
from ops.config.naming import app_name
from ops.config.secrets import expand, holds_password
from ops.config.surroundings import environment, file_layer, flag_layer
from ops.errors import UsageError
from ops.settings import App, Backup, Cutover, Settings, Source, Target, TypeRule
from ops.values import DatabaseUrl, redact


@dataclass(frozen=True)
class Origin:
    """One setting: its dotted key, its value as text without secrets, and where it was given
    (`flag`, `GIGOPS_TARGET_PORT`, `gigops.yaml:12`, `default`)."""

    key: str
    value: str
    where: str


@dataclass(frozen=True)
class Resolved:
    settings: Settings
    origins: tuple[Origin, ...]
    warnings: tuple[str, ...]


def load(path: Path, environ: Mapping[str, str], flags: Mapping[str, str]) -> Settings:
    """The settings. `flags` are dotted keys; `sources` is a list of paths joined by `os.pathsep`.

    A `path` that does not exist means the defaults, with no sources. Raises UsageError with every
    mistake at once."""
    return resolve(path, environ, flags).settings


def origins(path: Path, environ: Mapping[str, str], flags: Mapping[str, str]) -> tuple[Origin, ...]:
    """Every setting with where it came from; secrets as `***`."""
    return resolve(path, environ, flags).origins


def require_sources(settings: Settings) -> None:
    """Raises UsageError when no SQLite file is named."""
    if not settings.sources:
        raise UsageError(
            "no SQLite file is named: `sources` is empty",
            hint="gigops init finds them and writes gigops.yaml, or name one: --source FILE",
        )


def resolve(path: Path, environ: Mapping[str, str], flags: Mapping[str, str]) -> Resolved:
    """The settings, their origins, and what deserves a warning."""
    path = path.absolute()
    root = path.parent
    document, warnings = file_layer(path)
    mistakes = list(document.mistakes)
    surrounding, odd = environment(environ)
    layers = [flag_layer(flags), surrounding, document.values]
    mistakes += [m for m in odd if isinstance(m, Mistake)]
    warnings += [w for w in odd if isinstance(w, str)]
    mistakes += [Mistake(f"flag {k}", unknown(k)) for k in flags if k not in KEYS and k != "sources"]

    given = _strongest(layers)
    _prefer_url(given, layers, mistakes)
    values: dict[str, Any] = {}
    for layer in layers:
        for name, found in layer.items():
            if name in KEYS:
                _read(KEYS[name], found, given.get(name), root, environ, values, mistakes)
    if "target.provider" in given:
        values.setdefault("target.provider", given["target.provider"].text)
    sources, source_origins = _sources(given.get("sources"), document, root, mistakes)
    written = document.values.get("target.url")
    if written and holds_password(written.text):
        warnings.append(
            f"{written.where}: a password stands in the file; write "
            "postgresql://user:${DB_PASSWORD}@… and set DB_PASSWORD, or use GIGOPS_TARGET_URL"
        )
    values["target.types"], rule_origins = _rules(document, root, mistakes)
    settings = _settings(root, values, sources)
    if settings.cutover.reserve >= settings.cutover.window:
        where = (given.get("cutover.reserve") or given.get("cutover.window") or Given("", "cutover")).where
        text = f"`cutover.reserve` ({settings.cutover.reserve}) must be shorter than `cutover.window`"
        mistakes.append(Mistake(where, f"{text} ({settings.cutover.window})"))
    refuse(mistakes)
    return Resolved(settings, (*_origins(settings, given), *source_origins, *rule_origins), tuple(warnings))


def _strongest(layers: list[dict[str, Given]]) -> dict[str, Given]:
    out: dict[str, Given] = {}
    for layer in reversed(layers):
        out |= layer
    return out


def _prefer_url(given: dict[str, Given], layers: list[dict[str, Given]], mistakes: list[Mistake]) -> None:
    """A URL means the provider `url`, unless something stronger names another provider."""
    url_at = next((i for i, layer in enumerate(layers) if "target.url" in layer), None)
    provider_at = next((i for i, layer in enumerate(layers) if "target.provider" in layer), None)
    provider = given.get("target.provider")
    if url_at is None:
        if provider and provider.text == "url":
            text = "`target.provider` is `url`, and there is no `target.url`; set it, or GIGOPS_TARGET_URL"
            mistakes.append(Mistake(provider.where, text))
        return
    if provider_at is None or url_at < provider_at:
        given["target.provider"] = Given("url", given["target.url"].where)
    elif provider and provider.text != "url":
        if url_at == provider_at:
            text = f"`target.url` goes with `target.provider: url`, not with `{provider.text}`"
            mistakes.append(Mistake(given["target.url"].where, text))
        del given["target.url"]


def _read(
    key: Key,
    found: Given,
    winner: Given | None,
    root: Path,
    environ: Mapping[str, str],
    values: dict[str, Any],
    mistakes: list[Mistake],
) -> None:
    """Reads one text. One that loses to a stronger place is read too, so that its mistake is told now and
    not on the day the stronger one is taken away; only its `${NAME}` need not be set."""
    wins = found is winner
    try:
        text = found.text
        if key.name == "target.url" and "${" in text:
            if not wins:
                return
            text = expand(text, environ)
        value = key.read(text, Path.cwd() if found.where == "flag" else root)
    except UsageError as error:
        ending = f"; {error.hint}" if error.hint else ""
        mistakes.append(Mistake(found.where, f"`{key.name}`: {error.message}{ending}"))
        return
    if wins:
        values[key.name] = value


def _sources(
    given: Given | None, document: Document, root: Path, mistakes: list[Mistake]
) -> tuple[tuple[Source, ...], list[Origin]]:
    """The SQLite files. A path given by flag or environment keeps the schema and prefix gigops.yaml has
    for the same file: narrowing the list must not rename its tables."""
    written = {os.path.realpath(root / Path(s.path).expanduser()): s for s in document.sources or []}
    wanted = document.sources or []
    base = root
    if given:
        base = Path.cwd() if given.where == "flag" else root
        wanted = [GivenSource(part, given.where) for part in given.text.split(os.pathsep) if part]
    out: list[Source] = []
    origins: list[Origin] = []
    seen: dict[str, str] = {}
    for source in wanted:
        path = base / Path(source.path).expanduser()
        real = os.path.realpath(path)
        if real in seen:
            mistakes.append(Mistake(source.where, f"`{source.path}` is the same file as `{seen[real]}`"))
            continue
        seen[real] = source.path
        kept = written.get(real, source)
        out.append(Source(path, kept.schema, kept.prefix))
        extra = "".join(f" {k}={v}" for k, v in (("schema", kept.schema), ("prefix", kept.prefix)) if v)
        origins.append(Origin(f"sources[{len(origins)}]", f"{path}{extra}", source.where))
    nowhere = "default" if document.sources is None else document.name
    return tuple(out), origins or [Origin("sources", "", nowhere)]


def _rules(
    document: Document, root: Path, mistakes: list[Mistake]
) -> tuple[tuple[TypeRule, ...], list[Origin]]:
    rules, origins = list[TypeRule](), list[Origin]()
    for rule in document.rules:
        said: dict[str, Any] = {}
        for name, found in rule.parts.items():
            try:
                said[name] = RULE_KEYS[name].read(found.text, root)
            except UsageError as error:
                mistakes.append(Mistake(found.where, f"`{name}`: {error.message}"))
        if not {"column", "declared"} & rule.parts.keys():
            mistakes.append(Mistake(rule.where, "a rule of `types` needs a `column:` or a `declared:`"))
        if not rule.parts.keys() - {"column", "declared"}:
            text = "a rule of `types` says nothing; it needs `type:`, `epoch:`, `empty:`, `nul:` or `utf8:`"
            mistakes.append(Mistake(rule.where, text))
        rules.append(TypeRule(**said))
        shown = " ".join(f"{name}={found.text}" for name, found in rule.parts.items())
        origins.append(Origin(f"types[{len(origins)}]", shown, rule.where))
    return tuple(rules), origins


def _settings(root: Path, values: dict[str, Any], sources: tuple[Source, ...]) -> Settings:
    def section(name: str) -> dict[str, Any]:
        return {k.split(".")[1]: v for k, v in values.items() if k.startswith(name + ".")}

    app = {"name": app_name(root.name), "env_file": root / ".env", **section("app")}
    backup = {"to": str(root / Backup().to), **section("backup")}
    return Settings(
        root=root,
        app=App(**app),
        sources=sources,
        target=Target(**section("target")),
        backup=Backup(**backup),
        cutover=Cutover(**section("cutover")),
    )


def _origins(settings: Settings, given: dict[str, Given]) -> list[Origin]:
    out = []
    for name in KEYS:
        section, leaf = name.split(".")
        where = given[name].where if name in given else "default"
        out.append(Origin(name, _shown(getattr(getattr(settings, section), leaf)), where))
    return out


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, DatabaseUrl):
        return redact(str(value))
    return redact(str(value))
