"""The demo calls itself a success only when it was one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from examples.gigchain.demo import Outcome, table
from examples.gigchain.ledger import Verdict

TRAFFIC: dict[str, Any] = {
    "writes": 10, "reads": 20, "failed": 0, "failures": [],
    "slowest_write": 1.5, "slowest_read": 0.1, "median_write": 0.004,
}  # fmt: skip
MOVE: dict[str, Any] = {
    "outcome": "complete", "rows": 30_000, "values_compared": 200_000, "window_seconds": 1.234,
    "url": "postgresql://app:***@h/app", "backup": "b1",
}  # fmt: skip
INTACT = Verdict(10, (), (), (), (), 0, 0)
GOOD = Outcome(MOVE, TRAFFIC, INTACT, "postgresql")


def test_a_good_run_shows_its_figures_and_the_next_command() -> None:
    assert GOOD.good
    text = "\n".join(table(GOOD))
    for part in ("30,000", "200,000, all equal", "1.23 s", "writes lost          0", "next: cd .demo"):
        assert part in text


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (replace(GOOD, traffic={**TRAFFIC, "failed": 1, "failures": ["/metrics: 500"]}), "/metrics: 500"),
        (replace(GOOD, verdict=replace(INTACT, lost=("t-1",))), "1 lost (t-1)"),
        (replace(GOOD, verdict=replace(INTACT, unbalanced=2)), "2 wallets"),
        (replace(GOOD, move={**MOVE, "outcome": "turned back"}), "FAILED"),
        (replace(GOOD, move={"error": "no", "hint": ""}), "FAILED"),
        (replace(GOOD, database="sqlite"), "FAILED"),
    ],
)
def test_a_bad_run_says_so_and_what(bad: Outcome, says: str) -> None:
    assert not bad.good
    text = "\n".join(table(bad))
    assert says in text and "FAILED" in text and "next:" not in text
