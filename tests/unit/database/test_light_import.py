"""An application pays little for `import ops.database`."""

from __future__ import annotations

import os
import subprocess
import sys

HEAVY = ("typer", "yaml", "docker", "boto3", "paramiko", "pyarrow", "pydantic", "rich", "psycopg2", "dotenv")


def test_importing_the_library_loads_no_heavy_one() -> None:
    script = f"import ops.database, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_sqlite_application_never_loads_psycopg2(tmp_path: object) -> None:
    script = (
        "import sys; from ops.database import DatabaseManager as D, integrity_errors;"
        "d = D('a.db'); d.execute_update('CREATE TABLE t (a)'); d.execute_query('SELECT * FROM t');"
        "integrity_errors(); d.close();"
        "print('psycopg2' in sys.modules)"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "POSTGRES", "DB_"))}
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=True, cwd=str(tmp_path), env=environment,
    )  # fmt: skip
    assert run.stdout.strip() == "False"


def test_the_import_takes_under_a_tenth_of_a_second() -> None:
    """The best of five, against an interpreter that imports nothing."""

    def seconds(script: str) -> float:
        timed = f"import time; t = time.perf_counter(); {script}; print(time.perf_counter() - t)"
        runs = [
            subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
            for _ in range(5)
        ]
        return min(float(run.stdout) for run in runs)

    assert seconds("import ops.database") < 0.1
