"""PostgreSQL's tables between the copy and `open`: closed to all but gigops."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest

from ops.capture import closed
from ops.database.connect import connect
from ops.values import DatabaseUrl

TABLES = [("public", 'odd "name'), ("public", "plain")]
WRITES = [
    "INSERT INTO plain VALUES (1)",
    "UPDATE plain SET id = 2",
    "DELETE FROM plain",
    "TRUNCATE plain",
    'INSERT INTO "odd ""name" VALUES (1)',
]


@pytest.fixture
def tables(database: DatabaseUrl) -> DatabaseUrl:
    with closing(connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute('CREATE TABLE plain (id int); CREATE TABLE "odd ""name" (id int)')
    return database


def test_a_closed_table_refuses_every_write_and_says_why(tables: DatabaseUrl) -> None:
    with closing(connect(tables)) as connection:
        closed.close(connection, TABLES)
        closed.close(connection, TABLES)
    with closing(connect(tables, autocommit=True)) as application, application.cursor() as cursor:
        for statement in WRITES:
            with pytest.raises(psycopg2.Error, match="gigops-fence: this database is not open yet") as raised:
                cursor.execute(statement)
            assert raised.value.pgcode == closed.SQLSTATE
        cursor.execute("SELECT count(*) FROM plain")
        assert cursor.fetchone() == (0,)


def test_gigops_itself_is_let_through_and_open_lets_everybody(tables: DatabaseUrl) -> None:
    with closing(connect(tables)) as connection:
        closed.close(connection, TABLES)
        with connection.cursor() as cursor:
            cursor.execute("SET gigops.copying = 'on'")
            cursor.execute("INSERT INTO plain VALUES (1)")
        connection.commit()
        assert closed.open_(connection) == 2
        assert closed.open_(connection) == 0
    with closing(connect(tables, autocommit=True)) as application, application.cursor() as cursor:
        for statement in WRITES:
            cursor.execute(statement)
