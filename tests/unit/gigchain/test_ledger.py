"""The ledger's comparison notices each way in which a write can go wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from examples.gigchain.ledger import KINDS, Rows, compare, read


def entry(token: str = "t-1", number: int = 7, amount: float = 2.5) -> dict[str, Any]:
    return {"token": token, "kind": "contract", "id": number, "values": {"title": "ñ", "amount": amount}}


def rows(*contracts: dict[str, Any]) -> Rows:
    return {**{kind: [] for kind in KINDS}, "contract": list(contracts)}


def row(token: str = "t-1", number: int = 7, amount: float = 2.5, title: str = "ñ") -> dict[str, Any]:
    return {"contract_id": number, "token": token, "amount": amount, "title": title, "status": "open"}


def test_a_write_that_is_there_once_and_equal_is_intact() -> None:
    verdict = compare([entry()], rows(row()), 0)
    assert verdict.intact and verdict.acknowledged == 1


@pytest.mark.parametrize(
    ("stored", "fault"),
    [
        (rows(), "lost"),
        (rows(row(), row(number=8)), "twice"),
        (rows(row(amount=2.5000000000000004)), "different"),
        (rows(row(title="n")), "different"),
        (rows(row(number=8)), "different"),
        (rows(row(), row(token="t-2", number=8)), "uncalled"),
        ({**rows(), "metric": [{"id": 7, "token": "t-1"}]}, "lost"),
    ],
)
def test_each_fault_is_found_by_its_name(stored: Rows, fault: str) -> None:
    verdict = compare([entry()], stored, 0)
    assert not verdict.intact
    assert getattr(verdict, fault)
    assert fault in str(verdict)


def test_a_wallet_that_does_not_add_up_is_a_fault() -> None:
    assert not compare([entry()], rows(row()), 1).intact


def test_a_write_of_unknown_end_may_be_there_or_not() -> None:
    unknown = {"token": "t-2", "unknown": "timed out"}
    for stored in (rows(row()), rows(row(), row(token="t-2", number=8))):
        verdict = compare([entry(), unknown], stored, 0)
        assert verdict.intact and verdict.unknown == 1


def test_a_torn_last_line_of_the_ledger_was_never_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(json.dumps(entry()) + "\n" + json.dumps(entry("t-2"))[:20])
    assert read(path) == [entry()]
