"""`gigops playbook`: the playbooks there are, their text, and running one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import runs as shown
from ops.cli.render import confirm, emit, table
from ops.cli.session import current

if TYPE_CHECKING:
    from ops.wiring.playbooks import Playbooks

_LIST = """The playbooks of gigops and those in playbooks/ of this folder, and the verbs they may use.

\b
Examples:
  gigops playbook list
"""
_SHOW = """Print a playbook, to read it or to start one of your own.

\b
Examples:
  gigops playbook show cutover
  gigops playbook show cutover > playbooks/our-cutover.yaml
"""
_RUN = """Run a playbook, or go on with its unfinished run.

\b
Examples:
  gigops playbook run our-cutover --plan
  gigops playbook run our-cutover --yes
"""


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Playbooks: steps in order, resumable.", no_args_is_help=True)
    group.command("list", help=_LIST)(list_)
    group.command("show", help=_SHOW)(show)
    group.command("run", help=_RUN)(run)
    app.add_typer(group, name="playbook")


def list_() -> None:
    playbooks = _playbooks()
    loaded = [(name, playbooks.load(name)) for name in playbooks.names()]
    rows = [(name, len(book.steps), book.description) for name, book in loaded]
    verbs = [(name, verb.summary) for name, verb in sorted(playbooks.verbs.items())]
    report = {
        "playbooks": [{"name": name, "steps": steps, "description": text} for name, steps, text in rows],
        "verbs": [{"name": name, "summary": summary} for name, summary in verbs],
    }
    text = [*table(("playbook", "steps", "what"), rows), "", *table(("verb", "what"), verbs)]
    emit(report, [*text, "next: gigops playbook show cutover"])


def show(name: Annotated[str, typer.Argument(help="Its name, such as cutover.")]) -> None:
    playbooks = _playbooks()
    playbooks.load(name)
    text = playbooks.text(name)
    emit({"name": name, "text": text}, text.rstrip("\n"))


def run(
    name: Annotated[str, typer.Argument(help="Its name, such as cutover.")],
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, change nothing.")] = False,
) -> None:
    playbooks = _playbooks()
    playbooks.load(name)
    if plan:
        shown.print_plan(playbooks, name, f"gigops playbook run {name}")
        return
    confirm(f"Run the playbook `{name}` now?")
    ran, state = playbooks.run(name)
    steps = {step: known.status for step, known in state.steps.items()}
    report = {"run": ran.id, "outcome": state.finished, "steps": steps}
    shown.finish(ran, state, report, [f"run {ran.id} is {state.finished}"])


def _playbooks() -> Playbooks:
    from ops.wiring.playbooks import Playbooks

    return Playbooks.on_this_machine(current.settings(), current.reporter())
