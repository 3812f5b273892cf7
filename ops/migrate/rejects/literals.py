"""Values as constants in SQLite's SQL, and the condition that finds rejected rows."""

from __future__ import annotations

from collections.abc import Sequence

from ops.migrate.careful import BadText, Value
from ops.migrate.model import Table
from ops.migrate.rejects.model import Reject, key_columns


def left_out(table: Table, rejects: Sequence[Reject], encoding: str, alias: str = "") -> str:
    """The condition that is true for the rejected rows (`""`: there are none), for a statement of SQLite."""
    if not rejects:
        return ""
    of = f"{alias}." if alias else ""
    words = [of + word for word in key_columns(table)]
    if len(words) == 1:
        return f"{words[0]} IN ({', '.join(literal(r.key[0], encoding) for r in rejects)})"
    values = ", ".join(f"({', '.join(literal(cell, encoding) for cell in r.key)})" for r in rejects)
    return f"({', '.join(words)}) IN (VALUES {values})"


def literal(value: Value, encoding: str = "UTF-8") -> str:
    """The value as a constant in SQLite's SQL, exactly."""
    if value is None:
        return "NULL"
    if isinstance(value, BadText):
        return f"CAST(X'{value.hex()}' AS TEXT)"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if isinstance(value, str):
        if "\0" in value:
            return f"CAST(X'{value.encode(encoding).hex()}' AS TEXT)"
        return "'" + value.replace("'", "''") + "'"
    return _real(value) if isinstance(value, float) else str(value)


def _real(value: float) -> str:
    """SQLite's own reading of decimals may miss the last bit; products of powers of two do not."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NULL" if value != value else ("9e999" if value > 0 else "-9e999")
    numerator, denominator = value.as_integer_ratio()
    factors, divisors = [], denominator.bit_length() - 1
    zeros = (numerator & -numerator).bit_length() - 1 if numerator else 0
    if numerator.bit_length() > 53:
        numerator >>= zeros
        factors = ["1125899906842624.0"] * (zeros // 50) + [f"{2 ** (zeros % 50)}.0"]
    text = " * ".join([f"{numerator}.0", *factors])
    for power in [50] * (divisors // 50) + [divisors % 50]:
        text += f" / {2**power}.0" if power else ""
    return f"({text})"
