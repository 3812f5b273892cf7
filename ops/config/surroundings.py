"""The three places settings come from, each read into the same form: flags, GIGOPS_*, the file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from ops.config.document import Document, Given, parse
from ops.config.keys import KEYS
from ops.config.mistakes import Mistake
from ops.errors import UsageError

# --config of the command line, and the env file of an application on ops.database.
_OF_OTHERS = ("GIGOPS_CONFIG", "GIGOPS_ENV_FILE")
_VARIABLES = {key.variable: key.name for key in KEYS.values()} | {"GIGOPS_SOURCES": "sources"}


def flag_layer(flags: Mapping[str, str]) -> dict[str, Given]:
    return {k: Given(v, "flag") for k, v in flags.items() if k in KEYS or k == "sources"}


def environment(environ: Mapping[str, str]) -> tuple[dict[str, Given], list[Mistake | str]]:
    """The GIGOPS_* settings, and what looks like one: a mistake when it is nearly one, else a warning.

    An empty variable counts as not set, as compose files and units leave them."""
    given: dict[str, Given] = {}
    odd: list[Mistake | str] = []
    for name, text in environ.items():
        if name in _VARIABLES:
            if text:
                given[_VARIABLES[name]] = Given(text, name)
        elif name.startswith("GIGOPS_") and name not in _OF_OTHERS and text:
            near = difflib.get_close_matches(name, _VARIABLES, n=1, cutoff=0.87)
            if near:
                odd.append(Mistake(name, f"is not a setting; did you mean `{near[0]}`?"))
            else:
                odd.append(f"{name} is not a setting of gigops, and is not used")
    return given, odd


def file_layer(path: Path) -> tuple[Document, list[str]]:
    """What gigops.yaml says; nothing when there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        other = path.with_suffix(".yml")
        if path.suffix == ".yaml" and other.exists():
            raise UsageError(
                f"there is a `{other.name}`, and gigops reads `{path.name}`",
                hint=f"mv {other.name} {path.name}, or gigops --config {other.name}",
            ) from None
        return Document(path.name), []
    except IsADirectoryError:
        raise UsageError(f"`{path}` is a folder", hint=f"gigops --config {path / 'gigops.yaml'}") from None
    except OSError as error:
        raise UsageError(
            f"`{path}` cannot be read: {error.strerror}", hint="look at its owner and mode"
        ) from None
    return parse(content, path.name), []
