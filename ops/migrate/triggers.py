"""Triggers as PL/pgSQL functions, where their meaning is certain; the others are told with their text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from ops.migrate.expressions import Untranslatable
from ops.migrate.expressions.parsing import Node, parse_expression, parse_statement
from ops.migrate.migration import Step, TablePlan
from ops.migrate.model import Note, Trigger
from ops.migrate.names import Pool, qualified, quote, styled
from ops.migrate.queries import Relation, new_scope
from ops.migrate.queries.scope import Scope
from ops.migrate.statements import changes, statement
from ops.migrate.touching import Touch, read_touch
from ops.migrate.triggertext import TriggerText, read_trigger
from ops.migrate.views import Place

_BY_HAND = "write it anew as a trigger function, where the application needs it"
_LOOK = "it fires at the end of a statement, where SQLite fires it after each row"


@dataclass(frozen=True)
class _Read:
    trigger: Trigger
    text: TriggerText
    touch: Touch | None
    trees: tuple[Node, ...]
    changes: frozenset[tuple[str, str]]

    @property
    def fired_by(self) -> tuple[str, str]:
        return self.text.event, self.trigger.table.lower()


def triggers(found: Sequence[Trigger], place: Place, functions: Pool) -> tuple[list[Step], list[Note]]:
    """A step and a note for each that can be carried, a note for the others."""
    steps, notes, read = list[Step](), list[Note](), list[_Read]()
    for trigger in found:
        try:
            read.append(_read(trigger, place))
        except Untranslatable as reason:
            notes.append(_not_carried(trigger, str(reason)))
    for each in read:
        try:
            step = _step(each, place, functions, read)
        except Untranslatable as reason:
            notes.append(_not_carried(each.trigger, str(reason)))
            continue
        steps.append(step)
        said = "the trigger is carried as a function in PL/pgSQL" + (", run BEFORE" if each.touch else "")
        late = each.text.timing == "AFTER" and not each.touch
        notes.append(Note(each.trigger.name, said, _LOOK if late else ""))
    return steps, notes


def _read(trigger: Trigger, place: Place) -> _Read:
    text = read_trigger(trigger.sql)
    trees = tuple(parse_statement(sql) for sql in text.statements)
    touch = read_touch(text, trees, trigger, _table(place, trigger.table))
    done = frozenset(change for tree in trees for change in changes(tree))
    return _Read(trigger, text, touch, trees, done)


def _table(place: Place, name: str) -> TablePlan | None:
    return next((t for t in place.tables if t.source.name.lower() == name.lower()), None)


def _not_carried(trigger: Trigger, reason: str) -> Note:
    said = f"the trigger on `{trigger.table}` is not carried: {reason}"
    return Note(trigger.name, said, f"{_BY_HAND}: {' '.join(trigger.sql.split())}")


def _step(each: _Read, place: Place, functions: Pool, others: Sequence[_Read]) -> Step:
    trigger, text = each.trigger, each.text
    relation = place.find(trigger.table)
    if relation is None:
        raise Untranslatable(f"`{trigger.table}` is not carried")
    scope = _rows(place, relation, text)
    if each.touch:
        _check_touch(each, others)
        body, timing = [each.touch.assignment(scope, place)], "BEFORE"
    else:
        _check_rounds(each, others)
        body = [line for tree in each.trees for line in _lines(scope, tree, text, place)]
        timing = text.timing
    row = "OLD" if text.event == "DELETE" else "NEW"
    end = "RETURN NULL;" if timing == "AFTER" else f"RETURN {row};"
    condition = scope.truth(parse_expression(text.condition)) if text.condition else ""
    if condition and (timing == "INSTEAD OF" or "SELECT " in condition):
        body, condition = [f"IF {condition} THEN", *body, "END IF;"], ""  # where PostgreSQL takes no WHEN
    when = f" WHEN ({condition})" if condition else ""
    name = functions.take(styled(place.prefix + trigger.name, place.policy), trigger.table)
    function = qualified(place.schema, name)
    events = text.event + (f" OF {', '.join(_columns(text.columns, relation))}" if text.columns else "")
    code = "".join(f"    {line}\n" for line in [*body, end])
    sql = (
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $gigops$\nBEGIN\n{code}END\n$gigops$;\n"
        f"CREATE TRIGGER {quote(name)} {timing} {events} ON {relation.sql} FOR EACH ROW{when}"
        f" EXECUTE FUNCTION {function}()"
    )
    if "$gigops$" in code:
        raise Untranslatable("its text holds `$gigops$`")
    table = _table(place, trigger.table)
    loss = _not_carried(trigger, "PostgreSQL refuses it")
    return Step("trigger", place.schema, table.name if table else _view_name(relation), name, sql, loss,
                origin=place.origin)  # fmt: skip


def _view_name(relation: Relation) -> str:
    return relation.sql.rsplit('."', 1)[-1].rstrip('"').replace('""', '"')


def _rows(place: Place, relation: Relation, text: TriggerText) -> Scope:
    """The scope of a trigger's expressions: the rows NEW and OLD."""
    scope = new_scope(place.find)
    wanted = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("NEW", "OLD")}.get(text.event, ())
    if not wanted:
        raise Untranslatable("it cannot be read")
    for word in wanted:
        row = Relation(word, {}, {**relation.hidden, **relation.columns})
        scope.add(word, word, row)
    return scope


def _columns(names: Sequence[str], relation: Relation) -> list[str]:
    known = [relation.columns.get(name.lower()) for name in names]
    if not all(known):
        raise Untranslatable("it fires for a column that is not there")
    return [quote(each.name) for each in known if each]


def _lines(scope: Scope, tree: Node, text: TriggerText, place: Place) -> list[str]:
    raised = _raise(scope, tree, text)
    return raised if raised is not None else [statement(scope, tree, place) + ";"]


def _raise(scope: Scope, tree: Node, text: TriggerText) -> list[str] | None:
    """`SELECT RAISE(…) WHERE …` and `SELECT CASE WHEN … THEN RAISE(…) END`."""
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return None
    only, lines = tree.expressions[0].unnest(), list[str]()
    if isinstance(only, exp.Case) and not only.this and not only.args.get("default"):
        arms = [(scope.truth(arm.this), arm.args["true"].unnest()) for arm in only.args["ifs"]]
    else:
        arms = [("true", only)]
    for number, (condition, call) in enumerate(arms):
        if not (isinstance(call, exp.Anonymous) and call.name.lower() == "raise"):
            return None
        lines.append(f"{'IF' if number == 0 else 'ELSIF'} {condition} THEN {_refusal(call, text, scope)}")
    inside = " ".join([*lines, "END IF;"])
    plain = arms[0][0] == "true" and len(arms) == 1
    inside = _refusal(arms[0][1], text, scope) if plain else inside
    source = tree.args.get("from_") or tree.args.get("from")
    where = tree.args.get("where")
    if source is not None:
        return _if_any(scope, tree, inside)
    return [f"IF {scope.truth(where.this)} THEN {inside} END IF;"] if where else [inside]


def _if_any(scope: Scope, tree: Node, inside: str) -> list[str]:
    """RAISE for the rows of a query: when there is one."""
    if not inside.startswith("RAISE") or tree.args.get("group") or tree.args.get("having"):
        raise Untranslatable("RAISE within a query")
    one = tree.copy()
    one.set("expressions", [exp.Literal.number(1)])
    return [f"IF EXISTS ({scope.query(one)[0]}) THEN {inside} END IF;"]


def _refusal(call: Node, text: TriggerText, scope: Scope) -> str:
    kind = call.expressions[0].name.upper() if call.expressions else ""
    if kind == "IGNORE" and text.timing == "BEFORE" and len(text.statements) == 1:
        return "RETURN NULL;"
    if kind not in ("ABORT", "FAIL", "ROLLBACK") or len(call.expressions) != 2:
        raise Untranslatable(f"RAISE({kind}) ends a statement in a way that PostgreSQL has not")
    message = scope.piece(call.expressions[1])
    if message.kind != "text":
        raise Untranslatable("RAISE with something that is no text")
    return f"RAISE EXCEPTION USING MESSAGE = {message.sql};"


def _check_touch(each: _Read, others: Sequence[_Read]) -> None:
    """A touch becomes a part of the change itself. Another trigger that its UPDATE would fire in SQLite, or
    that looks at the column, would see another thing than there."""
    assert each.touch is not None
    for other in others:
        if other is each or other.fired_by[1] != each.fired_by[1] or other.touch:
            continue
        fires = other.text.event == "UPDATE" and not other.text.columns
        looks = any(name.lower() in other.trigger.sql.lower() for name in each.touch.columns)
        refuses = all("raise" in sql.lower() for sql in other.text.statements)
        if looks or (fires and not refuses):
            raise Untranslatable(f"the trigger `{other.trigger.name}` would see its change otherwise")


def _check_rounds(each: _Read, others: Sequence[_Read]) -> None:
    """SQLite does not fire a trigger that is running already; PostgreSQL does, without end."""
    fired: Mapping[int, set[int]] = {
        i: {j for j, other in enumerate(others) if not other.touch and other.fired_by in one.changes}
        for i, one in enumerate(others)
    }
    start = next(i for i, one in enumerate(others) if one is each)
    reached, todo = set[int](), list(fired[start])
    while todo:
        at = todo.pop()
        if at not in reached:
            reached.add(at)
            todo += fired[at]
    if start in reached:
        raise Untranslatable("its own changes would fire it again in PostgreSQL, without end")
