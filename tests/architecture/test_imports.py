"""What is imported when: who takes `ops.database`, or asks for help, waits for nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tests.architecture.repository import ROOT

_HEAVY = {"docker", "boto3", "botocore", "paramiko", "pyarrow", "psycopg2", "pydantic", "yaml", "sqlglot"}


def loaded_after(code: str) -> set[str]:
    """The top-level modules a fresh Python has after `code`."""
    report = "import sys, json; sys.stderr.write(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr))


def test_ops_database_pulls_in_no_library_an_application_did_not_ask_for() -> None:
    unwanted = (_HEAVY | {"typer", "rich", "click", "adbc_driver_manager"}) - {"psycopg2"}
    assert loaded_after("import ops.database") & unwanted == set()


def test_gigops_help_pulls_in_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['gigops', '--help']\n"
        "from ops.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass"
    )
    assert loaded_after(code) & (_HEAVY | {"adbc_driver_manager", "sqlite3"}) == set()


@pytest.mark.parametrize(
    ("words", "limit"), [(["-c", "import ops.database"], 0.1), (["-m", "ops.cli.app", "--help"], 0.25)]
)
def test_starting_takes_no_longer_than_promised(words: list[str], limit: float) -> None:
    """The time above that of a bare Python, the best of several: the machine may have other work."""

    def best(arguments: list[str]) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=True)
            times.append(time.perf_counter() - began)
        return min(times)

    assert best(words) - best(["-c", "pass"]) < limit
