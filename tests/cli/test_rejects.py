"""`gigops migrate` with rows that do not fit, and `gigops rejects`, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

from ops.values import DatabaseUrl
from tests.cli.test_migrate import gigops
from tests.service.migrating import make, query

SQL = """CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, who INTEGER REFERENCES users, pieces INTEGER);
INSERT INTO users VALUES (1, 'ana'), (2, 'bo' || char(0));
INSERT INTO orders VALUES (1, 1, 5), (2, 1, 'lots'), (3, 2, 7);"""
ALL = ("--on-orphan", "reject", "--allow-rejects", "3")


def test_the_list_comes_before_anything_is_changed_and_names_the_ways_out(
    database: DatabaseUrl, tmp_path: Path
) -> None:
    make(tmp_path / "app.db", SQL)
    refused = gigops(tmp_path, "migrate", "--source", "app.db", "--on-orphan", "reject", url=database)
    assert refused.returncode == 16
    assert "error: 3 rows cannot be carried; the first: `users.name` in `app.db`: a NUL" in refused.stderr
    for line in (
        "  users.name: 1 x a NUL byte, which PostgreSQL's text cannot hold",
        "  orders.pieces: 1 x no whole number",
        "  orders.who: 1 x no parent in users",
        "  the row with id = 2 of orders: orders.pieces is 'lots'",
    ):
        assert line.replace("orders.pieces is", "pieces is") in refused.stderr
    assert "--on-misfit widen" in refused.stderr and "--allow-rejects 3 to set them aside" in refused.stderr
    assert query(database, "SELECT to_regclass('users')") == [(None,)]
    assert not (tmp_path / ".gigops" / "rejects").exists()
    plan = gigops(tmp_path, "migrate", "--source", "app.db", "--on-orphan", "reject", "--plan")
    assert plan.returncode == 0 and "gigops migrate --allow-rejects 3" in plan.stdout
    assert all(len(line) <= 80 for line in plan.stdout.splitlines())
    told = json.loads(gigops(tmp_path, "migrate", "--source", "app.db", "--plan", "--json").stdout)
    assert told["rejects"]["rows"] == 2
    assert told["rejects"]["first"][1] == {
        "table": "orders", "key": "id = 2", "columns": ["pieces"], "reason": "no whole number",
        "value": "'lots'",
    }  # fmt: skip


def test_rows_are_set_aside_shown_corrected_and_carried(database: DatabaseUrl, tmp_path: Path) -> None:
    make(tmp_path / "app.db", SQL)
    assert gigops(tmp_path, "rejects", "list").stdout.startswith("no rows are set aside here")
    assert gigops(tmp_path, "rejects", "show", "orders").returncode == 10
    done = gigops(tmp_path, "migrate", "--source", "app.db", *ALL, url=database)
    assert done.returncode == 3, done.stderr
    assert "error: 3 rows are set aside" in done.stderr and "hint: gigops rejects list" in done.stderr
    assert "3 rows set aside: " in done.stdout and "2 rows copied" in done.stdout
    told = json.loads(gigops(tmp_path, "migrate", "--source", "app.db", *ALL, "--json", url=database).stdout)
    assert told["rejects"]["rows"] == 3 and told["equal"] and len(told["rejects"]["folders"]) == 1
    assert gigops(tmp_path, "verify", "--source", "app.db", url=database).returncode == 0

    listed = gigops(tmp_path, "rejects", "list")
    assert listed.returncode == 0 and "orders.pieces: 1 x no whole number" in listed.stdout
    assert "next: gigops rejects show users" in listed.stdout
    report = json.loads(gigops(tmp_path, "rejects", "list", "--json").stdout)["runs"]
    assert [(t["table"], t["rows"], t["left"]) for t in report[0]["tables"]] == [
        ("users", 1, 1),
        ("orders", 2, 2),
    ]
    shown = gigops(tmp_path, "rejects", "show", "orders").stdout
    assert "pieces  'lots'" in shown and "who: no parent in users" in shown
    rows = json.loads(gigops(tmp_path, "rejects", "show", "orders", "--json").stdout)["rows"]
    assert rows[0]["key"] == {"id": 2} and rows[0]["row"] == {"id": 2, "who": 1, "pieces": "lots"}
    assert gigops(tmp_path, "rejects", "show", "nothing").returncode == 10

    for name, wrong, right in (("users", '"bo\\u0000"', '"bo"'), ("orders", '"lots"', "99")):
        file = tmp_path / ".gigops" / "rejects" / report[0]["run"] / f"{name}.jsonl"
        file.write_text(file.read_text().replace(wrong, right))
    plan = gigops(tmp_path, "rejects", "retry", "--plan", url=database)
    assert plan.returncode == 0 and "would be carried" in plan.stdout, plan.stderr
    assert query(database, "SELECT count(*) FROM orders") == [(1,)]
    retried = gigops(tmp_path, "rejects", "retry", "--json", url=database)
    assert retried.returncode == 0, retried.stderr
    assert [(t["carried"], t["left"]) for t in json.loads(retried.stdout)["tables"]] == [(1, 0), (2, 0)]
    assert query(database, "SELECT id, who, pieces FROM orders ORDER BY id") == [
        (1, 1, 5),
        (2, 1, 99),
        (3, 2, 7),
    ]
    assert gigops(tmp_path, "rejects", "retry", url=database).returncode == 0
    assert query(database, "SELECT count(*) FROM orders") == [(3,)]
    assert gigops(tmp_path, "verify", "--source", "app.db", url=database).returncode == 0


def test_a_retry_that_leaves_rows_says_why_and_ends_with_3(database: DatabaseUrl, tmp_path: Path) -> None:
    make(tmp_path / "app.db", SQL)
    gigops(tmp_path, "migrate", "--source", "app.db", *ALL, url=database)
    tried = gigops(tmp_path, "rejects", "retry", "--table", "orders", url=database)
    assert tried.returncode == 3
    assert "orders.pieces (id = 2): no whole number" in tried.stdout
    assert "violates foreign key constraint" in " ".join(tried.stdout.split())
    assert gigops(tmp_path, "rejects", "retry", "--run", "never", url=database).returncode == 10
