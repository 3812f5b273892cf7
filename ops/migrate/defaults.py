"""A column's DEFAULT as PostgreSQL's, yielding what SQLite would have stored in that column."""

from __future__ import annotations

from collections.abc import Sequence

from ops.migrate.expressions import Untranslatable, translate
from ops.migrate.names import literal
from ops.migrate.patterns import strftime_to_char
from ops.migrate.sqltext import Token, tokenize
from ops.migrate.types import TypeChoice

_UTC = "now() at time zone 'utc'"
_EPOCH = "floor(extract(epoch from now()))::bigint"
_JULIAN = "extract(epoch from now()) / 86400.0 + 2440587.5"
_FORMS = {
    "CURRENT_TIMESTAMP": "%Y-%m-%d %H:%M:%S",
    "CURRENT_DATE": "%Y-%m-%d",
    "CURRENT_TIME": "%H:%M:%S",
    "DATETIME": "%Y-%m-%d %H:%M:%S",
    "DATE": "%Y-%m-%d",
    "TIME": "%H:%M:%S",
}


def translate_default(text: str, choice: TypeChoice) -> str | None:
    """The expression for PostgreSQL; None when the default is NULL. Raises Untranslatable."""
    tokens = _unwrapped(tokenize(text))
    kind = choice.carriage.kind
    if not tokens or (len(tokens) == 1 and tokens[0].says("NULL")):
        return None
    clock = _of_the_clock(tokens, kind)
    if clock:
        return clock
    signs = [t.value for t in tokens[:-1]]
    if all(sign in "+-" for sign in signs) and tokens[-1].kind != "word":
        return _constant(tokens[-1], signs.count("-") % 2 == 1, kind)
    if len(tokens) == 1 and tokens[0].says("TRUE", "FALSE"):
        return _number("1" if tokens[0].says("TRUE") else "0", kind)
    if len(tokens) == 1:
        return _constant(Token("string", tokens[0].value, 0, 0), False, kind)
    made = _random_hex(tokens)
    if made:
        return _for_text(made, kind)
    wanted = {
        "int": "bigint",
        "real": "double precision",
        "decimal": "numeric",
        "text": "text",
        "bytes": "bytea",
    }
    return f"({translate(text, {})})::{wanted[kind]}"


def _unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    while len(tokens) >= 2 and tokens[0].says("(") and tokens[-1].says(")"):
        depth = 0
        for i, token in enumerate(tokens):
            depth += token.says("(") - token.says(")")
            if depth == 0 and i < len(tokens) - 1:
                return tokens
        tokens = tokens[1:-1]
    return tokens


def _of_the_clock(tokens: Sequence[Token], kind: str) -> str | None:
    """Defaults that read the clock, which SQLite gives in UTC."""
    word = tokens[0].value.upper() if tokens[0].kind == "word" else ""
    arguments = (
        [t for t in tokens[2:-1] if not t.says(",")] if len(tokens) > 1 and tokens[1].says("(") else []
    )
    called = len(tokens) > 1 and tokens[1].says("(") and tokens[-1].says(")")
    if len(tokens) > 1 and not called:
        return None
    form = _FORMS.get(word, "")
    if word == "STRFTIME" and arguments and arguments[0].kind in ("string", "quoted"):
        form, arguments = arguments[0].value, arguments[1:]
    elif word in ("UNIXEPOCH", "JULIANDAY") and called:
        form = "%s" if word == "UNIXEPOCH" else "%J"
    if not form:
        return None
    if any(not (a.value.lower() == "now" or a.says("CURRENT_TIMESTAMP")) for a in arguments):
        raise Untranslatable("it reads the clock with a modifier")
    if form in ("%s", "%J"):
        sql = _EPOCH if form == "%s" else f"({_JULIAN})::double precision"
        return f"({sql})::text" if kind == "text" else _for_numbers(sql, kind)
    pattern = strftime_to_char(form)
    if pattern is None:
        raise Untranslatable(f"to_char has nothing for `{form}`")
    return _for_text(f"to_char({_UTC}, {literal(pattern)})", kind)


def _random_hex(tokens: Sequence[Token]) -> str | None:
    """`lower(hex(randomblob(n)))` up to 16 bytes, from a random UUID's digits."""
    words = [t.value.upper() for t in tokens]
    lower = words[:2] == ["LOWER", "("] and words[-1] == ")"
    words = words[2:-1] if lower else words
    if words[:4] != ["HEX", "(", "RANDOMBLOB", "("] or words[5:] != [")", ")"] or not words[4].isdigit():
        return None
    if int(words[4]) > 16:
        raise Untranslatable("more than 16 random bytes")
    digits = "replace(gen_random_uuid()::text, '-', '')"
    if int(words[4]) < 16:
        digits = f"right({digits}, {2 * int(words[4])})"
    return digits if lower else f"upper({digits})"


def _constant(token: Token, negative: bool, kind: str) -> str:
    if token.kind == "number":
        value = (
            str(int(token.value, 16))
            if token.value.lower().startswith("0x")
            else token.value.replace("_", "")
        )
        return _number(f"-{value}" if negative else value, kind)
    if token.kind == "blob":
        if kind != "bytes":
            raise Untranslatable("it is a blob and the column is not")
        return f"'\\x{token.value[2:-1].lower()}'::bytea"
    if token.kind not in ("string", "quoted") or negative:
        raise Untranslatable("it cannot be read")
    if kind == "text":
        return literal(token.value)
    if kind == "bytes":
        return f"'\\x{token.value.encode().hex()}'::bytea"
    try:
        float(token.value)
    except ValueError:
        raise Untranslatable(f"the text {literal(token.value)} is no number") from None
    return _number(token.value.strip(), kind)


def _number(text: str, kind: str) -> str:
    if kind == "int":
        if not float(text).is_integer():
            raise Untranslatable(f"{text} is no whole number")
        return text if text.lstrip("-").isdigit() else str(int(float(text)))
    if kind == "text":
        return literal(text)
    if kind == "bytes":
        raise Untranslatable("it is a number and the column holds bytes")
    return text


def _for_text(sql: str, kind: str) -> str:
    if kind != "text":
        raise Untranslatable("it yields a text and the column holds something else")
    return sql


def _for_numbers(sql: str, kind: str) -> str:
    if kind == "bytes" or (kind == "int" and "double" in sql):
        raise Untranslatable("it yields a number the column cannot hold")
    return sql
