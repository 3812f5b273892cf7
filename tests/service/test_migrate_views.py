"""Views: what they give in PostgreSQL is what they give in SQLite, row for row, or they are told."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest

from ops.values import DatabaseUrl
from tests.service.migrating import make, migrate, query

TABLES = """
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, mail TEXT COLLATE NOCASE, age INT, weight REAL,
        active BOOLEAN NOT NULL DEFAULT 1, born DATE, seen DATETIME, at INTEGER, doc JSON, kind "SMALLINT",
        raw BLOB, written TEXT);
    INSERT INTO people VALUES
        (1, 'Ann', 'ann@x.org', 31, 61.5, 1, '1990-02-28', '2024-02-29 10:11:12', 1700000000,
            '{"a": {"b": [7, "x"]}}', 30000, x'00ff', '2023-02-28'),
        (2, 'bob', 'BOB@x.org', NULL, 80.25, 0, NULL, '2023-12-31 23:59:59', 0, '{"a": null}', 2, NULL,
            'soon'),
        (3, 'Ärger', NULL, 7, -0.5, 1, '2001-12-31', NULL, NULL, '[1, 2]', NULL, x'', '2024-01-31 08:00'),
        (4, '', 'a%b', 0, NULL, 1, '1990-02-28', '2024-01-01 00:00:00', -1, NULL, -5, x'41', NULL);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, person INT REFERENCES people, cents INT, price DECIMAL(8,2));
    INSERT INTO orders VALUES (1, 1, 250, 2.5), (2, 1, 99, 0.99), (3, 3, 1000, 10), (4, NULL, 1, 0.01);
"""
CERTAIN = [
    "SELECT * FROM people",
    "SELECT name FROM people WHERE active",
    "SELECT name FROM people WHERE active = 1 AND NOT active = 0",
    "SELECT id FROM people WHERE active IN (0, 1) AND active <> 0",
    "SELECT id, active + 1 AS more FROM people",
    "SELECT id, age / 2 AS half, age % 4 AS rest, age / 0 AS none, weight / 2 AS light FROM people",
    "SELECT id, kind * 30000 AS large FROM people",
    "SELECT id, round(weight) AS r, round(weight, 1) AS r1, abs(weight) AS a FROM people",
    "SELECT id, age > 10 AS old, age IS NULL AS unknown FROM people",
    "SELECT id FROM people WHERE mail = 'Bob@X.org'",
    "SELECT id FROM people WHERE mail LIKE 'ANN%' OR name LIKE '%r'",
    "SELECT id FROM people WHERE mail LIKE 'a!%b' ESCAPE '!'",
    "SELECT id FROM people WHERE name GLOB '[A-Z]*' OR name GLOB '?o?'",
    "SELECT id, name || ' (' || age || ')' AS shown FROM people",
    "SELECT id, lower(name) AS l, upper(name) AS u, length(name) AS n, length(raw) AS m FROM people",
    "SELECT id, substr(name, 2) AS s, substr(name, -2) AS e, substr(name, 1, 2) AS b FROM people",
    "SELECT id, substr(mail, instr(mail, '@') + 1) AS host FROM people",
    "SELECT id, substr(mail, 1, instr(mail, '@') - 1) AS own FROM people",
    "SELECT id, replace(name, 'n', 'm') AS r, trim('  x ') AS t, ltrim(name, 'A') AS u FROM people",
    "SELECT id, ifnull(age, -1) AS i, coalesce(age, kind, 0) AS c, nullif(age, 0) AS n FROM people",
    "SELECT id, ifnull(born, 'never') AS b FROM people",
    "SELECT id, iif(age > 10, 'old', 'young') AS i FROM people",
    "SELECT id, CASE kind WHEN 2 THEN 'two' ELSE name END AS c FROM people",
    "SELECT id, max(age, 10) AS most, min(id, kind) AS least FROM people",
    "SELECT id, hex(raw) AS h, typeof(age) AS t FROM people",
    "SELECT id, printf('%s: %d%%', name, age) AS p FROM people",
    "SELECT id FROM people WHERE born > '1990-02-28' OR seen < '2024-01-01'",
    "SELECT id FROM people WHERE seen BETWEEN '2024-01-01' AND '2024-02-29 10:11:12'",
    "SELECT id FROM people WHERE seen > datetime('2023-12-31 23:59:59') OR born = date('1990-02-28')",
    "SELECT id, strftime('%Y', seen) AS y, CAST(strftime('%m', seen) AS INTEGER) AS m FROM people",
    "SELECT id, date(seen, '-1 day') AS d, date(seen, '+1 month') AS m FROM people",
    "SELECT id, date(born, 'start of year') AS s FROM people",
    "SELECT id, datetime(at, 'unixepoch') AS t, strftime('%s', seen) AS s, unixepoch(seen) AS u FROM people",
    "SELECT id, date(written) AS d, datetime(written, '+1 hour') AS t FROM people",
    "SELECT id, julianday(seen) - julianday(born) AS days FROM people",
    "SELECT id, json_extract(doc, '$.a.b[1]') AS x FROM people",
    "SELECT count(*) AS n, count(age) AS k, sum(age) AS s, avg(age) AS a, total(weight) AS t FROM people",
    "SELECT active, min(name) AS first, max(weight) AS w FROM people GROUP BY active HAVING count(*) > 1",
    "SELECT person, sum(cents) AS c, group_concat(id) AS ids FROM orders WHERE person = 3 GROUP BY person",
    "SELECT count(DISTINCT born) AS n FROM people",
    "SELECT p.name, o.cents FROM people p JOIN orders o ON o.person = p.id WHERE o.cents > 100",
    "SELECT p.name, o.cents FROM people p LEFT JOIN orders o ON o.person = p.id AND o.cents > 100",
    "SELECT name, cents FROM people, orders WHERE person = people.id",
    "SELECT name FROM people WHERE id IN (SELECT person FROM orders)",
    "SELECT name FROM people p WHERE EXISTS (SELECT 1 FROM orders WHERE person = p.id AND cents > 300)",
    "SELECT name, (SELECT sum(cents) FROM orders WHERE person = people.id) AS spent FROM people",
    "SELECT s.n FROM (SELECT name AS n, age FROM people WHERE age > 1) AS s",
    "SELECT name FROM people UNION SELECT 'total' UNION ALL SELECT mail FROM people",
    "SELECT id FROM people INTERSECT SELECT person FROM orders",
    "WITH big AS (SELECT person FROM orders WHERE cents > 9) SELECT name FROM people JOIN big ON person = id",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n FROM c",
    "SELECT id, row_number() OVER (ORDER BY age DESC) AS place FROM people",
    "SELECT id, sum(cents) OVER (PARTITION BY person ORDER BY id) AS so_far FROM orders",
    "SELECT name FROM people ORDER BY age DESC LIMIT 2",
    "SELECT id AS n, age * 2 AS twice FROM people WHERE twice > 20",
    "SELECT price * 2 AS p, price + cents AS q FROM orders",
    "SELECT rowid, name FROM people",
]
UNCERTAIN = [
    "SELECT name + 1 AS n FROM people",
    "SELECT price / 3 AS p FROM orders",
    "SELECT weight || '' AS w FROM people",
    "SELECT random() AS r, changes() AS c FROM people",
    "SELECT date('now', 'localtime') AS d",
    "SELECT length(seen) AS n FROM people",
    "SELECT id FROM people WHERE name > 5.5 || ''",
]


def test_views_give_the_same_rows_on_both_sides(database: DatabaseUrl, tmp_path: Path) -> None:
    made = "".join(f"CREATE VIEW v{i} AS {sql};" for i, sql in enumerate(CERTAIN))
    path = make(tmp_path / "app.db", TABLES + made)
    done = migrate(database, path)
    assert done.comparison.equal and done.comparison.complete
    wrong = []
    with closing(sqlite3.connect(path)) as source:
        for i, sql in enumerate(CERTAIN):
            here = Counter(tuple(map(_plain, row)) for row in source.execute(f"SELECT * FROM v{i}"))
            try:
                there = Counter(tuple(map(_plain, row)) for row in query(database, f"SELECT * FROM v{i}"))
            except psycopg2.Error as error:
                wrong.append(f"{sql}: {error}")
                continue
            if here != there:
                wrong.append(f"{sql}\n    {list(here - there)[:3]}\n    {list(there - here)[:3]}")
    notes = [note for note in done.noted().split("\n") if "not carried" in note]
    assert not wrong, "\n".join([*wrong, *notes])


@pytest.mark.parametrize("sql", UNCERTAIN)
def test_a_view_of_uncertain_meaning_is_told_and_not_guessed(
    database: DatabaseUrl, tmp_path: Path, sql: str
) -> None:
    done = migrate(database, make(tmp_path / "app.db", f"{TABLES} CREATE VIEW v AS {sql};"))
    assert "v: the view is not carried: " in done.noted() and sql in done.noted()
    assert done.comparison.complete, "a view holds no data"
    assert query(database, "SELECT to_regclass('v')") == [(None,)]


def test_a_view_that_would_give_other_rows_is_taken_back(database: DatabaseUrl, tmp_path: Path) -> None:
    path = make(
        tmp_path / "app.db",
        "CREATE TABLE t (d DATETIME); INSERT INTO t VALUES ('2024-01-01'), ('2024-01-01 00:00:00');"
        "CREATE VIEW v AS SELECT d FROM t WHERE d > '2024-01-01';",
    )
    done = migrate(database, path)
    assert "v: the view is not carried: PostgreSQL refuses it: it gives other rows than" in done.noted()
    assert query(database, "SELECT to_regclass('v')") == [(None,)]


def test_views_are_made_anew_with_their_tables_when_the_source_changed(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    path = make(
        tmp_path / "app.db",
        "CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT a FROM t;"
        "CREATE VIEW w AS SELECT a FROM v;"
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 0; END;",
    )
    migrate(database, path)
    migrate(database, path)
    make(path, "INSERT INTO t VALUES (2)")
    done = migrate(database, path)
    assert done.comparison.complete, done.noted()
    assert sorted(query(database, "SELECT a FROM w")) == [(1,), (2,)]


def _plain(value: object) -> object:
    """A value as it means the same on both sides."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, float | Decimal):
        return f"{float(value):.9g}"
    if isinstance(value, int):
        return f"{float(value):.9g}" if abs(value) < 10**9 else str(value)
    if isinstance(value, dict | list):
        return json.dumps(value)
    if value is None or isinstance(value, str | bytes):
        return value
    text = str(value)  # dates and times
    return text.removesuffix("+00:00")
