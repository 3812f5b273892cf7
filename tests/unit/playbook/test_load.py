"""Reading playbooks: what is right, and every mistake at once."""

from __future__ import annotations

import pytest

from ops.errors import UsageError
from ops.playbook.load import load
from ops.playbook.model import Phase
from ops.values import Duration

VERBS = {"shell.run": {"command": "the line", "undo": "the way back"}, "rows.copy": {}}


def _load(text: str):  # type: ignore[no-untyped-def]
    return load(text, origin="book.yaml", verbs=VERBS, words={"window": "15m"})


def test_a_playbook_is_read() -> None:
    book = _load(
        "name: mine\nwindow: $window\nreserve: 10s\nsteps:\n"
        "  - {id: say, uses: shell.run, with: {command: echo hi}}\n"
        "  - {uses: rows.copy, phase: window, no_return: true}\n"
    )
    assert (book.name, book.window, book.reserve) == ("mine", Duration(900.0), Duration(10.0))
    assert book.step("say").options == {"command": "echo hi"}
    assert book.step("rows.copy").phase is Phase.WINDOW
    assert book.step("rows.copy").no_return


def test_all_mistakes_are_told_at_once_each_with_its_line_and_the_nearest_word() -> None:
    text = (
        "name: mine\nwindow: soon\nstep: []\nsteps:\n"
        "  - {uses: rows.cpy}\n"
        "  - {uses: shell.run, with: {comand: ls}}\n"
        "  - {uses: rows.copy, phase: windw}\n"
        "  - {id: a, uses: rows.copy, with: $nothing}\n"
    )
    with pytest.raises(UsageError) as raised:
        _load(text)
    told = raised.value.message
    for part in (
        "book.yaml:2: `soon` is not a duration",
        "book.yaml:3: no `step` in the playbook; did you mean `steps`?",
        "book.yaml:5: no verb `rows.cpy`; did you mean `rows.copy`?",
        "book.yaml:6: no `comand` in `with` of `shell.run`; did you mean `command`?",
        "book.yaml:7: no phase `windw`; did you mean `window`?",
        "book.yaml:8: `with` of `rows.copy` must be a mapping",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the playbook must be a mapping"),
        ("name: x\nsteps: 3", "`steps` is missing or not a list"),
        ("steps: []", "`name` is missing"),
        (
            "name: x\nsteps: [{uses: rows.copy, phase: settle}, {id: b, uses: rows.copy}]",
            "order of their phases",
        ),
        ("name: x\nsteps: [{uses: rows.copy}, {uses: rows.copy}]", "two steps have the id `rows.copy`"),
        ("name: x\nwindow: 5s\nreserve: 9s\nsteps: []", "leaves nothing of the window"),
        ("name: x\nsteps: [{uses: rows.copy, no_return: true}]", "belongs to a step of the window"),
        ("name: x\n\tsteps: []", "book.yaml:2: not YAML"),
    ],
)
def test_a_playbook_that_makes_no_sense_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        _load(text)
