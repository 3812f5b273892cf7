"""Which columns SQLite and PostgreSQL sort alike, so that both sides can be read in one order."""

from __future__ import annotations

from ops.migrate.migration import ColumnPlan
from ops.migrate.names import quote


def same_order(column: ColumnPlan, encoding: str) -> bool:
    """Whether SQLite and PostgreSQL sort these values alike (with `order_by`)."""
    carriage = column.choice.carriage
    reads = carriage.reads
    if carriage.empty or carriage.nul or carriage.utf8:
        return False
    match carriage.kind:
        case "int" | "real" | "decimal":
            return reads <= {"integer", "real"}
        case "bool":
            return reads <= {"integer", "real"}
        case "text" | "json":
            return reads <= {"text"} and encoding == "UTF-8"
        case "bytes":
            return reads <= {"blob"}
        case "date" | "time" | "timestamp" | "timestamptz" | "uuid":
            return reads <= {"integer", "real"} or reads <= {"blob"} or _alike(column)
    return False  # jsonb sorts by size first, and of other types nothing is known


def order_by(column: ColumnPlan) -> str:
    """The expression that PostgreSQL sorts the column by, as SQLite does."""
    match column.choice.carriage.kind:
        case "text":
            return f'{quote(column.name)} COLLATE "C"'
        case "json":
            return f'{quote(column.name)}::text COLLATE "C"'
    return quote(column.name)


def _alike(column: ColumnPlan) -> bool:
    """All are written alike, so that their texts sort as what they say."""
    shapes = [form for form, count in column.profile.forms.items() if " " in form and count]
    offset = any("+" in shape or "-" in shape for shape in shapes)
    return column.choice.carriage.reads == {"text"} and len(shapes) == 1 and not offset
