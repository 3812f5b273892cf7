"""The example application: the same data every time, the same answers on both databases, and it moves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from examples.gigchain import schema
from examples.gigchain.running import Gigchain
from tests.servers.gigchain import wait_for_writes


def test_the_seed_is_the_same_every_time(gigchain_files: Path, tmp_path: Path) -> None:
    assert schema.create(tmp_path) == 30_000
    for file in schema.FILES:
        assert dump(tmp_path / file) == dump(gigchain_files / file)


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@pytest.fixture(params=["sqlite", "postgresql"])
def side(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def on_a_side(side: str, gigchain_at_rest: Gigchain) -> Iterator[Gigchain]:
    """The service without traffic, before or after a cutover."""
    gigchain_at_rest.start_service()
    if side == "postgresql":
        moved = gigchain_at_rest.gigops("cutover", "--yes")
        assert moved.returncode == 0, moved.stderr
    yield gigchain_at_rest


def test_the_routes_answer_alike_on_both_databases(on_a_side: Gigchain, side: str) -> None:
    contract = {
        "token": "test-0001",
        "client_id": "u1",
        "freelancer_id": "u2",
        "title": "ñ ? %",
        "amount": 1.1,
    }
    with httpx.Client(base_url=on_a_side.url, timeout=20) as client:
        assert client.get("/health").json() == {"status": "ok", "database": side}
        made = client.post("/contracts", json=contract)
        assert (made.status_code, made.json()) == (201, {"id": 2501})
        found = client.get("/contracts/2501").json()
        assert len(found.pop("created_at")) == len("2026-05-01 12:00:00")
        assert found == {**contract, "contract_id": 2501, "status": "open"}

        assert client.post("/contracts", json=contract).status_code == 409
        nobody = {**contract, "token": "test-0002", "client_id": "nobody"}
        assert client.post("/contracts", json=nobody).status_code == 409
        assert client.get("/contracts/2502").status_code == 404

        before = client.get("/wallets/w7").json()
        paid = client.post("/wallets/w7/transactions", json={"token": "test-0003", "amount": -2.25})
        assert client.get(f"/transactions/{paid.json()['id']}").json()["type"] == "debit"
        assert client.get("/wallets/w7").json() == {**before, "balance": before["balance"] - 2.25}
        nowhere = client.post("/wallets/nowhere/transactions", json={"token": "test-0004", "amount": 1})
        assert nowhere.status_code == 404

        session = client.post("/sessions", json={"token": "test-0005", "wallet_address": "0x1"}).json()
        assert session == {"id": 2001}
        assert client.get("/sessions/2001").json()["token"] == "test-0005"

        for token in ("test-0006", "test-0007"):
            metric = {"token": token, "metric_type": "of the test", "value": 0.1}
            assert client.post("/metrics", json=metric).status_code == 201
        [counted] = [m for m in client.get("/metrics").json() if m["metric_type"] == "of the test"]
        assert counted == {"metric_type": "of the test", "seen": 2, "total": 0.2}
        assert client.get("/metrics/10001").json()["value"] == 0.1


def test_a_cutover_under_traffic_fails_no_request_and_loses_no_write(gigchain: Gigchain) -> None:
    moved = gigchain.gigops("--json", "cutover", "--yes")
    assert moved.returncode == 0, moved.stderr
    wait_for_writes(gigchain, 100)
    traffic = gigchain.stop_traffic()
    assert traffic["failures"] == []
    assert gigchain.database() == "postgresql"
    verdict = gigchain.check()
    assert verdict.intact, str(verdict)
    assert verdict.acknowledged == traffic["writes"]
    assert json.loads(moved.stdout)["rows"] > 30_000


def test_the_ledger_notices_one_row_that_is_gone(gigchain: Gigchain) -> None:
    gigchain.stop_traffic()
    assert gigchain.check().intact
    last = json.loads(gigchain.ledger.read_text().splitlines()[-1])
    tables = {"metric": "metrics", "contract": "contracts", "session": "auth_sessions"}
    table = tables.get(last["kind"], "wallet_transactions")
    for file in schema.FILES:
        with closing(sqlite3.connect(gigchain.folder / file)) as connection, connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                connection.execute(f"DELETE FROM {table} WHERE token = ?", (last["token"],))
    assert gigchain.check().lost == (last["token"],)
