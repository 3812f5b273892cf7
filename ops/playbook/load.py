"""A playbook's text to a Playbook, or every mistake in it, each with its line and the nearest word."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ops.errors import UsageError
from ops.playbook.model import Phase, Playbook, Step
from ops.values import Duration

_TOP = ("name", "description", "window", "reserve", "steps")
_STEP = ("id", "uses", "phase", "no_return", "with")


def load(
    text: str, *, origin: str, verbs: Mapping[str, Mapping[str, str]], words: Mapping[str, str]
) -> Playbook:
    """The playbook that `text` describes.

    `origin` names the text in errors, `verbs` is each known verb with its options, and `words` is what
    `$word` stands for. Raises UsageError listing all mistakes.
    """
    reading = _Reading(origin, verbs, words)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{origin}:{line}: not YAML: {error.problem}", hint="gigops playbook list") from None
    playbook = reading.playbook(root)
    if reading.mistakes:
        mistakes = "\n  ".join(text for _, text in sorted(reading.mistakes))
        raise UsageError(
            f"{origin} cannot be used:\n  {mistakes}", hint="gigops playbook show cutover prints one that can"
        )
    return playbook


@dataclass
class _Reading:
    origin: str
    verbs: Mapping[str, Mapping[str, str]]
    words: Mapping[str, str]
    mistakes: list[tuple[int, str]] = field(default_factory=list)

    def playbook(self, root: yaml.Node | None) -> Playbook:
        top = self.mapping(root, "the playbook", _TOP)
        steps_node = top.get("steps")
        steps: list[Step] = []
        if isinstance(steps_node, yaml.SequenceNode):
            steps = [self.step(node) for node in steps_node.value]
        else:
            self.wrong(steps_node or root, "`steps` is missing or not a list")
        name = self.plain(top.get("name"), str, "")
        if not name:
            self.wrong(top.get("name") or root, "`name` is missing")
        window = self.duration(top.get("window"))
        reserve = self.duration(top.get("reserve")) or Duration(0.0)
        self.order(steps_node, steps, window, reserve)
        description = self.plain(top.get("description"), str, "")
        return Playbook(name, tuple(steps), window, reserve, description)

    def step(self, node: yaml.Node) -> Step:
        found = self.mapping(node, "a step", _STEP)
        uses = self.plain(found.get("uses"), str, "")
        if not uses:
            self.wrong(node, "a step without `uses`")
        elif uses not in self.verbs:
            self.wrong(found["uses"], f"no verb `{uses}`{_nearest(uses, self.verbs)}")
        phase = self.plain(found.get("phase"), str, "prepare")
        if phase not in tuple(Phase):
            self.wrong(found["phase"], f"no phase `{phase}`{_nearest(phase, tuple(Phase))}")
            phase = "prepare"
        allowed = self.verbs.get(uses, {})
        options = {}
        if "with" in found:
            given = self.mapping(found["with"], f"`with` of `{uses}`", tuple(allowed))
            options = {key: self.value(value) for key, value in given.items()}
        no_return = self.plain(found.get("no_return"), bool, False)
        return Step(self.plain(found.get("id"), str, uses), uses, Phase(phase), no_return, options)

    def order(
        self, node: yaml.Node | None, steps: list[Step], window: Duration | None, reserve: Duration
    ) -> None:
        ranks = [tuple(Phase).index(step.phase) for step in steps]
        if ranks != sorted(ranks):
            self.wrong(node, "steps must stand in the order of their phases: prepare, window, settle")
        names = [step.id for step in steps]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.wrong(node, f"two steps have the id `{name}`")
        if window is not None and reserve >= window:
            self.wrong(node, f"the reserve of {reserve} leaves nothing of the window of {window}")
        if any(step.no_return and step.phase is not Phase.WINDOW for step in steps):
            self.wrong(node, "`no_return` belongs to a step of the window")

    def mapping(self, node: yaml.Node | None, what: str, known: Iterable[str]) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, f"{what} must be a mapping of words to values")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            word = str(key.value)
            if word not in known:
                self.wrong(key, f"no `{word}` in {what}{_nearest(word, known)}")
            elif word in found:
                self.wrong(key, f"`{word}` stands twice in {what}")
            else:
                found[word] = value
        return found

    def plain(self, node: yaml.Node | None, kind: type, default: Any) -> Any:
        if node is None:
            return default
        value = self.value(node)
        if not isinstance(value, kind):
            self.wrong(node, f"`{value}` should be a {'text' if kind is str else 'yes or no'}")
            return default
        return value

    def duration(self, node: yaml.Node | None) -> Duration | None:
        if node is None:
            return None
        try:
            return Duration.parse(str(self.value(node)))
        except UsageError as error:
            self.wrong(node, f"{error.message}: {error.hint}")
            return None

    def value(self, node: yaml.Node) -> Any:
        build: Callable[[Any], Any] = yaml.SafeLoader("").construct_document
        value = build(node)
        if isinstance(value, str) and value.startswith("$"):
            word = value[1:]
            if word not in self.words:
                self.wrong(node, f"nothing is called `{value}`{_nearest(word, self.words)}")
                return ""
            return self.words[word]
        return value

    def wrong(self, node: yaml.Node | None, text: str) -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        self.mistakes.append((line, f"{self.origin}:{line}: {text}"))


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean `{close[0]}`?" if close else f"; known: {', '.join(known)}"
