"""A case: one file of YAML that says what a SQLite file holds and what PostgreSQL must hold afterwards.

Every plain word is text, `~` is NULL. The keys, of which only `title`, `failure` and one way to make the
source are needed:

    title      a sentence: what a user is promised
    failure    which failures of the research it stands for: F1, or [F1, F22]
    sql        makes `app.db`; or
    files      makes several: {one.db: {sql: …, schema: one}}; or
    make       Python that makes them in `folder`, for what SQL cannot say (`app = folder / "app.db"`)
    options    fields of ops.settings.Target, `types` as in gigops.yaml
    before     SQL that PostgreSQL runs first (an existing schema)
    types      {table: {column: type}}, any of the columns
    schema     {table: lines}: every column, key, constraint and index, as `looking.schema` prints them
    rows       {table: rows}: every row, each value in PostgreSQL's own text form, in any order
    asks       [{sql: …, gives: rows}, or {sql: …, fails: SQLSTATE}] of PostgreSQL afterwards
    next       {table.column: the id that the next row gets}
    notes      texts that the report must hold, each in one note (`…` stands for anything between);
               `[]`: the report is empty
    rejects    {table: ["key … column … reason"]}: all rows set aside, one text a row
    interrupted  a first copy is stopped at its n-th batch, then all is done again
    refused    texts of the refusal: nothing may have been changed
    known      why gigops cannot do it yet: the case must fail
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ops.settings import Source, TypeRule
from tests.service.migrating import make

FOLDER = Path(__file__).parent
Row = tuple[str | None, ...]


class Plain(yaml.SafeLoader):
    """Words are texts: no numbers, dates or booleans are read into them."""


Plain.yaml_implicit_resolvers = {}
Plain.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^~$"), ["~"])


@dataclass(frozen=True)
class Case:
    path: Path
    title: str
    failures: tuple[str, ...]
    sql: str = ""
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    make: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    before: str = ""
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    schema: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Sequence[str | None]]] = field(default_factory=dict)
    asks: Sequence[Mapping[str, Any]] = ()
    next: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] | None = None
    rejects: Mapping[str, Sequence[str]] | None = None
    refused: Sequence[str] = ()
    interrupted: str = ""
    known: str = ""

    def sources(self, folder: Path) -> list[Source]:
        """Makes the files of the case in `folder`."""
        if self.make:
            exec(self.make, {"folder": folder, "app": folder / "app.db", "sqlite3": sqlite3})
        if self.files:
            return [
                Source(make(folder / name, said["sql"]), said.get("schema", ""), said.get("prefix", ""))
                for name, said in self.files.items()
            ]
        if self.sql:
            with closing(sqlite3.connect(folder / "app.db")) as connection:
                connection.executescript(self.sql)
                connection.commit()
        return [Source(path) for path in sorted(folder.glob("*.db"))]

    def target(self) -> dict[str, Any]:
        """The fields of ops.settings.Target."""
        said = {name: _meant(value) for name, value in self.options.items()}
        if "types" in said:
            said["types"] = tuple(TypeRule(**rule) for rule in said["types"])
        return said


def load(path: Path) -> Case:
    said = yaml.load(path.read_text(encoding="utf-8"), Plain)
    failure = said.pop("failure")
    odd = [ask for ask in said.get("asks", ()) if not {"sql"} < set(ask) <= {"sql", "gives", "fails"}]
    assert not odd, f"{path.name}: {odd}: quote the SQL that has a comma"
    return Case(path, failures=tuple([failure] if isinstance(failure, str) else failure), **said)


def cases() -> list[Case]:
    """Every case, by file name."""
    return [load(path) for path in sorted(FOLDER.glob("*.yaml"))]


def _meant(value: object) -> object:
    if not isinstance(value, str):
        return value
    return {"true": True, "false": False}.get(value, int(value) if value.isdigit() else value)
