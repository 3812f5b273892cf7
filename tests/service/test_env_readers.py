"""One env file, the readers that applications have: each sees the same values that gigops wrote.

Docker Compose's reader is not on every machine; the rules it differs by (`$` alive in all but single quotes)
are those python-dotenv and the shell are tested on here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.envfile import switch

NOW = datetime(2026, 1, 31, tzinfo=UTC)
_GENERATOR = Path("/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator")

VALUES = {
    "generated password": "postgresql://app:Zk3-_9aQ@127.0.0.1:5432/app?sslmode=require",
    "percent-encoded": "postgresql://app:p%40ss%2Fw%24%27%22%5C%20x@db.example.com:5432/app",
    "two parameters": "postgresql://app:x@h:5432/app?sslmode=require&connect_timeout=5",
    "brackets and a tilde": "postgresql://app:~root@[::1]:5432/app",
    "hash and blanks": "a #b  c",
    "dollar, backtick, double quote": '$HOME `id` "x" !!',
    "single quote": "it's here # really",
    "not ASCII": "contrase\u00f1a \u20ac",
    "empty": "",
    "semicolon, ampersand, pipe": ";a & b | c > d",
}
OLD = {
    "plain": b"FIRST=1\nDATABASE_URL=old\nLAST=2\n",
    "commented": b"FIRST=1\nDATABASE_URL=old # a comment\nLAST=2\n",
    "spaced": b"FIRST=1\n  DATABASE_URL = 'old' #c\nLAST=2\n",
    "absent": b"FIRST=1\nLAST=2",
}


def python_dotenv(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values

    return {k: v for k, v in dotenv_values(path).items() if v is not None}


def shell(path: Path, name: str = "bash") -> dict[str, str]:
    script = 'set -a; . "$1"; printf "%s\\0%s\\0%s\\0" "$FIRST" "$DATABASE_URL" "$LAST"'
    return _three(_run([_tool(name), "-c", script, name, str(path)]))


def posix_shell(path: Path) -> dict[str, str]:
    return shell(path, "sh")


def node(path: Path) -> dict[str, str]:
    code = "const e = process.env; console.log(JSON.stringify([e.FIRST, e.DATABASE_URL, e.LAST]))"
    found = json.loads(_run([_tool("node"), f"--env-file={path}", "-e", code]))
    return dict(zip(("FIRST", "DATABASE_URL", "LAST"), found, strict=True))


def systemd(path: Path) -> dict[str, str]:
    """systemd's rules for EnvironmentFile=, as its source has them (src/basic/env-file.c)."""
    out, text, place = {}, path.read_text() + "\n", 0
    while place < len(text):
        if text[place] in "#;":
            place = text.index("\n", place) + 1
            continue
        if text[place].isspace():
            place += 1
            continue
        end = text.index("=", place)
        key, place, value = text[place:end].strip(), end + 1, ""
        while text[place] in " \t":
            place += 1
        while text[place] not in "\r\n":
            if text[place] in "'\"":
                close = text.index(text[place], place + 1)
                value, place = value + text[place + 1 : close], close + 1
            else:
                value, place = value + text[place], place + 1
        out[key] = value
    return out


READERS: dict[str, Callable[[Path], dict[str, str]]] = {
    "python-dotenv": python_dotenv,
    "bash": shell,
    "sh": posix_shell,
    "node": node,
    "systemd": systemd,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("old", OLD)
def test_every_reader_sees_what_was_written(tmp_path: Path, reader: str, old: str) -> None:
    for name, value in VALUES.items():
        path = tmp_path / name.replace(" ", "_")
        path.write_bytes(OLD[old])
        switch(path, {"DATABASE_URL": value}, NOW)
        assert READERS[reader](path) == {"FIRST": "1", "DATABASE_URL": value, "LAST": "2"}, name


@pytest.mark.skipif(not _GENERATOR.exists(), reason="systemd's environment generator is not here")
def test_systemd_s_own_parser_sees_what_was_written(tmp_path: Path) -> None:
    """environment.d shares the parser of EnvironmentFile=; it also expands `$` and refuses what is empty."""
    folder = tmp_path / "environment.d"
    folder.mkdir()
    for name, value in VALUES.items():
        if "$" in value or not value:
            continue
        path = folder / "10-app.conf"
        path.write_bytes(OLD["commented"])
        switch(path, {"DATABASE_URL": value}, NOW)
        printed = _run([str(_GENERATOR)], XDG_CONFIG_HOME=str(tmp_path))
        lines = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
        assert _undollar(lines["DATABASE_URL"]) == value, name


def _undollar(text: str) -> str:
    """The generator prints values in `$'…'` where a shell needs that."""
    return _run(["bash", "-c", f"printf %s {text}"])


def _three(printed: str) -> dict[str, str]:
    return dict(zip(("FIRST", "DATABASE_URL", "LAST"), printed.split("\0"), strict=False))


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here")
    return found


def _run(words: list[str], **environ: str) -> str:
    bare = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/root", **environ}
    return subprocess.run(words, check=True, capture_output=True, env=bare, encoding="utf-8").stdout
