"""The text of gigops.yaml as keys with their lines; nothing in it is ever constructed, only read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ops.config.keys import KEYS, RULE_KEYS, SECTIONS, SOURCE_KEYS
from ops.config.mistakes import Mistake, nearest, unknown

if TYPE_CHECKING:
    from yaml import Node

_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Given:
    """A setting's text, and where it was given (`gigops.yaml:12`)."""

    text: str
    where: str


@dataclass(frozen=True)
class GivenSource:
    """One entry of `sources`; each part as it was written."""

    path: str
    where: str
    schema: str = ""
    prefix: str = ""


@dataclass(frozen=True)
class GivenRule:
    """One entry of `types`; each part with its own place."""

    where: str
    parts: dict[str, Given]


@dataclass
class Document:
    """What one file says. `sources` is None when it does not name any."""

    name: str
    values: dict[str, Given] = field(default_factory=dict)
    sources: list[GivenSource] | None = None
    rules: list[GivenRule] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def at(self, node: Node) -> str:
        return f"{self.name}:{node.start_mark.line + 1}"

    def wrong(self, node: Node, text: str) -> None:
        self.mistakes.append(Mistake(self.at(node), text))


def parse(content: bytes, name: str) -> Document:
    """The keys of `content`. `name` is what the file is called in mistakes and origins."""
    import yaml

    document = Document(name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        document.mistakes.append(Mistake(f"{name}:{line}", "is not UTF-8 text; save the file as UTF-8"))
        return document
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        document.mistakes.append(Mistake(f"{name}:{line}", "holds a control character; take it out"))
    except yaml.MarkedYAMLError as error:
        document.mistakes.append(_syntax(error, text, name))
    except RecursionError:
        document.mistakes.append(Mistake(name, "is nested too deeply"))
    else:
        if root is not None and root.tag != _NULL:
            _read_root(root, document)
    return document


def _syntax(error: Any, text: str, name: str) -> Mistake:
    mark = error.problem_mark or error.context_mark
    where = f"{name}:{mark.line + 1}" if mark else name
    line = (text.splitlines() or [""])[min(mark.line, len(text.splitlines()) - 1)] if mark else ""
    problem = str(error.problem or error.context or "cannot be read")
    if "\t" in line[: len(line) - len(line.lstrip())] or r"\t" in problem:
        return Mistake(where, "a tab; YAML is indented with spaces only")
    if "expected alphabetic or numeric character" in problem or "undefined alias" in problem:
        return Mistake(where, 'a value that begins with `*` or `&` needs quotes: "*/5 * * * *"')
    if "cannot start any token" in problem:
        return Mistake(where, f"{problem}; put the value in quotes")
    return Mistake(where, f"not valid YAML: {problem}")


def _read_root(root: Node, document: Document) -> None:
    if not _is_mapping(root):
        document.wrong(root, "must be keys and values, such as `app:`")
        return
    for key, value in _pairs(root, "", document):
        if key == "sources":
            document.sources = _read_sources(value, document)
        elif key == "types":
            document.rules = _read_rules(value, document)
        elif key not in SECTIONS or value.tag == _NULL:
            continue
        elif not _is_mapping(value):
            document.wrong(value, f"`{key}` must hold keys of its own, such as `{_example(key)}:`")
        else:
            _read_section(key, value, document)


def _read_section(section: str, node: Node, document: Document) -> None:
    for key, value in _pairs(node, section + ".", document):
        if key not in KEYS or value.tag == _NULL:
            continue
        if isinstance(value.value, str):
            document.values[key] = Given(value.value, document.at(value))
        else:
            document.wrong(value, f"`{key}` must be one value")


def _read_sources(node: Node, document: Document) -> list[GivenSource]:
    if node.tag == _NULL:
        return []
    if isinstance(node.value, str) or _is_mapping(node):
        document.wrong(node, "`sources` must be a list, each line like `- app.db`")
        return []
    out = []
    for item in node.value:
        if isinstance(item.value, str) and item.value:
            out.append(GivenSource(item.value, document.at(item)))
        elif _is_mapping(item):
            out += _read_source(item, document)
        else:
            document.wrong(item, "a source is a path, or `path:` with `schema:` or `prefix:`")
    return out


def _read_source(node: Node, document: Document) -> list[GivenSource]:
    parts = {}
    for key, value in _pairs(node, "sources.", document, known=SOURCE_KEYS):
        name = key.split(".")[1]
        if isinstance(value.value, str) and name in SOURCE_KEYS:
            parts[name] = "" if value.tag == _NULL else value.value
        elif name in SOURCE_KEYS:
            document.wrong(value, f"`{key}` must be one value")
    if not parts.get("path"):
        document.wrong(node, "a source needs a `path:`")
        return []
    return [GivenSource(where=document.at(node), **parts)]


def _read_rules(node: Node, document: Document) -> list[GivenRule]:
    if node.tag == _NULL:
        return []
    if isinstance(node.value, str) or _is_mapping(node):
        document.wrong(node, "`types` must be a list, each line like `- column: orders.paid_at`")
        return []
    out = []
    for item in node.value:
        if not _is_mapping(item):
            document.wrong(item, "a rule is `column:` or `declared:` with `type:`, `epoch:`, …")
            continue
        parts = {}
        for key, value in _pairs(item, "types.", document, tuple(RULE_KEYS), "a rule of `types`"):
            if not isinstance(value.value, str):
                document.wrong(value, f"`{key}` must be one value")
            elif value.tag != _NULL or key == "types.empty":  # `empty: null` means the word
                said = "null" if value.tag == _NULL else value.value
                parts[key.split(".")[1]] = Given(said, document.at(value))
        out.append(GivenRule(document.at(item), parts))
    return out


def _pairs(
    node: Node, before: str, document: Document, known: tuple[str, ...] = (), what: str = "a source"
) -> list[tuple[str, Node]]:
    """The keys of a mapping with their nodes; unknown and repeated ones become mistakes."""
    out: list[tuple[str, Node]] = []
    seen: dict[str, int] = {}
    for key_node, value in node.value:
        if not isinstance(key_node.value, str):
            document.wrong(key_node, "a key must be a word")
            continue
        key = before + key_node.value
        if key in seen:
            document.wrong(key_node, f"`{key}` stands here a second time; the first is on line {seen[key]}")
            continue
        seen[key] = key_node.start_mark.line + 1
        if known and key_node.value not in known:
            near = nearest(key_node.value, known)
            meant = f"did you mean `{near[0]}`?" if near else f"it knows {', '.join(known)}"
            document.wrong(key_node, f"unknown key `{key_node.value}` of {what}; {meant}")
        elif not known and key not in KEYS and key not in SECTIONS and key not in ("sources", "types"):
            document.wrong(key_node, unknown(key))
        else:
            out.append((key, value))
    return out


def _is_mapping(node: Node) -> bool:
    return str(getattr(node, "id", "")) == "mapping"


def _example(section: str) -> str:
    return next(name.split(".")[1] for name in KEYS if name.startswith(section + "."))
