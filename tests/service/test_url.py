"""The url provider: a database the user has is looked at, and only looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.database.connect import connect
from ops.errors import NotReady, Refused, UsageError
from ops.provision import login
from ops.provision.credentials import generate
from ops.provision.url import Existing
from ops.settings import Target
from ops.values import DatabaseUrl, Secret
from tests.servers.provisioning import Heard


def _existing(url: DatabaseUrl | None) -> Existing:
    return Existing(Target(provider="url", url=url), Heard())


def _run(url: DatabaseUrl, *statements: str) -> None:
    link = connect(url, autocommit=True)
    try:
        with link.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        link.close()


def test_an_empty_database_of_ones_own_is_fit(database: DatabaseUrl) -> None:
    one = _existing(database)
    found = one.create()
    assert (found.state, found.url) == ("running", database)
    assert found == one.find()
    assert "empty" in found.detail
    assert one.plan()[0].startswith("nothing to do")


def test_tables_that_are_there_already_are_said(database: DatabaseUrl) -> None:
    _run(database, "CREATE TABLE old (id int)", "CREATE SCHEMA _gigops", "CREATE TABLE _gigops.own (id int)")
    one = _existing(database)
    assert "1 tables and views" in one.create().detail
    assert isinstance(one.reporter, Heard)
    assert "is not empty" in one.reporter.texts[0]


@pytest.mark.parametrize("right", ["DATABASE", "SCHEMA"])
def test_a_missing_right_is_named_with_the_grant_that_gives_it(
    server: DatabaseUrl, database: DatabaseUrl, right: str
) -> None:
    guest, name = f"guest_{database.database}", database.database
    as_admin = server.with_database(name)
    _run(as_admin, f"CREATE ROLE {guest} LOGIN PASSWORD 'guest-secret'")
    granted = {"DATABASE": f"GRANT CREATE ON SCHEMA public TO {guest}"}
    _run(as_admin, granted.get(right, f"GRANT CREATE ON DATABASE {name} TO {guest}"))
    _run(as_admin, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    one = _existing(replace(database, user=guest, password=Secret("guest-secret")))
    try:
        with pytest.raises(NotReady, match="may not create") as told:
            one.create()
        seen = one.find()
        assert seen and seen.state == "broken"
        _run(as_admin, told.value.hint.removeprefix("as its owner: "))
        assert one.create().state == "running"
    finally:
        _run(as_admin, f"DROP OWNED BY {guest}", f"DROP ROLE {guest}")


def test_a_wrong_password_is_told_without_the_password(database: DatabaseUrl) -> None:
    one = _existing(replace(database, password=Secret("not-the-password")))
    with pytest.raises(NotReady, match="refuses the password") as told:
        one.create()
    assert "not-the-password" not in str(told.value)
    seen = one.find()
    assert seen and seen.state == "broken"


def test_nothing_is_ever_destroyed_and_no_url_is_a_word_of_advice(database: DatabaseUrl) -> None:
    with pytest.raises(Refused, match="gigops did not make"):
        _existing(database).destroy(delete_data=True)
    with pytest.raises(UsageError) as told:
        _existing(None).find()
    assert "GIGOPS_TARGET_URL" in told.value.hint


def test_a_login_half_made_is_completed_and_a_whole_one_left_alone(server: DatabaseUrl) -> None:
    wanted = DatabaseUrl(server.host, server.port, "half db", 'half "role"', generate())
    _run(server, 'CREATE ROLE "half ""role""" LOGIN')
    try:
        assert login.ensure(server, wanted) == [
            'set the password of `half "role"`',
            "created the database `half db`",
        ]
        assert login.ensure(server, wanted) == []
        other = replace(wanted, password=generate())
        assert login.ensure(server, other) == ['set the password of `half "role"`']
    finally:
        _run(server, 'DROP DATABASE "half db"', 'DROP ROLE "half ""role"""')
