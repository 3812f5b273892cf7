"""What becomes of names: names that would meet are refused, names that change are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ops.errors import Refused
from ops.migrate.migration import SourcePlan, TablePlan
from ops.migrate.model import Note, Table
from ops.migrate.names import LONGEST, Policy, meeting, styled

_APART = (
    "give each source a schema of its own (--schema-per-source, or `schema` of the source in gigops.yaml),"
    " or a prefix (--prefix, or `prefix`)"
)


def refuse_meeting_columns(table: Table, origin: Path, policy: Policy) -> None:
    pair = meeting(tuple(column.name for column in table.columns), policy)
    if pair:
        raise Refused(
            f"the columns `{pair[0]}` and `{pair[1]}` of `{table.name}` in `{origin.name}` would both be"
            f" `{styled(pair[0], policy)}`",
            hint="leave the names as they are: --names preserve",
        )


def refuse_meeting_tables(plans: Sequence[SourcePlan]) -> None:
    """Two tables, of one file or of two, that would be one table in PostgreSQL."""
    seen: dict[tuple[str, str], TablePlan] = {}
    for plan in plans:
        for table in plan.tables:
            other = seen.setdefault((table.schema, table.name.lower()), table)
            if other is table:
                continue
            if other.name != table.name:
                raise Refused(
                    f"`{other.source.name}` of `{other.origin.name}` and `{table.source.name}` of"
                    f" `{table.origin.name}` differ by case only, which SQL without quotes cannot tell",
                    hint=_APART,
                )
            if other.origin == table.origin:
                raise Refused(
                    f"`{other.source.name}` and `{table.source.name}` of `{table.origin.name}` would both be"
                    f" the table `{table.name}`",
                    hint="leave the names as they are: --names preserve",
                )
            if other.source.name == table.source.name:
                files = f"`{other.origin.name}` and `{table.origin.name}`"
                said = f"`{table.source.name}` is a table of both {files}"
            else:
                said = (
                    f"`{other.source.name}` of `{other.origin.name}` and `{table.source.name}` of"
                    f" `{table.origin.name}` would both be the table `{table.name}`"
                )
            raise Refused(said, hint=_APART)


def name_notes(table: TablePlan, prefix: str, policy: Policy) -> Iterator[Note]:
    """The names that are not what they were."""
    wanted = styled(prefix + table.source.name, policy)
    if len(wanted.encode()) > LONGEST:
        yield Note(table.source.name, f"the name is too long for PostgreSQL: it is `{table.name}` there")
    elif table.name != wanted:
        yield Note(table.source.name, f"PostgreSQL cannot have this name: it is `{table.name}` there")
    changed = [] if wanted == prefix + table.source.name else [f"`{table.source.name}` is `{table.name}`"]
    for column in table.columns:
        meant = styled(column.source.name, policy)
        if column.name != meant:
            where = f"{table.label}.{column.source.name}"
            yield Note(where, f"PostgreSQL cannot have this name: it is `{column.name}` there")
        elif meant != column.source.name:
            changed.append(f"`{column.source.name}` is `{column.name}`")
    if changed:
        yield Note(table.source.name, f"by the rule for names ({policy}), {', '.join(changed)}")
