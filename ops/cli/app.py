"""The `gigops` command: its groups, its common flags, and errors turned into text and exit codes."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from ops import __version__
from ops.cli.session import current
from ops.errors import GigopsError, Interrupted

app = typer.Typer(
    name="gigops",
    help="Take an application from SQLite to PostgreSQL, and look after it there.",
    epilog="First time here?  gigops init && gigops cutover --plan\n\n"
    "Exit codes: 0 done, 1 failed, 2 usage, 3 partly, 4 turned back to SQLite, 10 missing, 11 busy, "
    "13 not equal, 14 versions, 16 refused, 130 Ctrl-C (docs/exit-codes.md)",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gigops {__version__}")
        raise typer.Exit


@app.callback()
def common(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="gigops.yaml to use.", envvar="GIGOPS_CONFIG")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changes.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more while working.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version
    current.config = config.absolute() if config else None
    current.json, current.yes, current.verbose, current.debug = json, yes, verbose, debug


def main() -> None:
    """Runs the command line; every error leaves as `error: … / hint: …` and its exit code."""
    from ops.cli import register

    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGINT, _interrupted)
    register.all_groups(app)
    try:
        app(args=_common_flags_first(sys.argv[1:]), standalone_mode=True)
    except GigopsError as error:
        if current.debug:
            raise
        _say(error)
        sys.exit(error.exit_code)
    except Exception as error:
        if current.debug:
            raise
        from ops.values import redact

        _say(
            GigopsError(
                f"unexpected {type(error).__name__}: {redact(str(error)).strip()}",
                hint="run it again with --debug and send us the traceback",
            )
        )
        sys.exit(1)


_EVERYWHERE = {"--json", "--yes", "-y", "--verbose", "-v", "--debug"}


def _common_flags_first(words: list[str]) -> list[str]:
    """The common flags may stand anywhere (`gigops cutover --yes`); typer wants them before the command."""
    end = words.index("--") if "--" in words else len(words)
    head, tail = words[:end], words[end:]
    return [w for w in head if w in _EVERYWHERE] + [w for w in head if w not in _EVERYWHERE] + tail


def _say(error: GigopsError) -> None:
    import json

    if current.json:
        document: dict[str, object] = {
            "error": error.message, "hint": error.hint, "exit_code": error.exit_code,
        }  # fmt: skip
        if error.details:
            document["details"] = error.details
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stderr.write(f"error: {error.message}\n")
    sys.stderr.write("".join(f"  {line}\n" for line in error.details))
    if error.hint:
        sys.stderr.write(f"hint: {error.hint}\n")


def _interrupted(number: int, frame: FrameType | None) -> None:
    del frame
    name = signal.Signals(number).name
    raise Interrupted(
        f"stopped by {name}", signal_number=number, hint="run the same command again: it goes on from here"
    )


if __name__ == "__main__":
    main()
