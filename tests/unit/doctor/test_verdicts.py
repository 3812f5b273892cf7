"""What the doctor says of facts: ok, warn or fail, each with the fix."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ops.doctor import machine, programs, target

_NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_docker_that_does_not_answer_fails_only_who_wants_docker() -> None:
    assert programs.docker("", "no engine", "embedded").verdict == "warn"
    assert programs.docker("", "no engine", "docker").verdict == "fail"
    assert programs.docker("20.10", "", "docker").verdict == "ok"


def test_missing_server_programs_fail_only_the_embedded_provider() -> None:
    failing = programs.server("", "nothing here", "embedded")
    assert failing.verdict == "fail" and "gigops[embedded]" in failing.fix
    assert programs.server("", "nothing here", "url").verdict == "ok"


def test_a_libpq_without_scram_fails() -> None:
    assert programs.libpq("2.9.10 (dt dec pq3 ext lo64)", 90624).verdict == "fail"
    assert programs.libpq("2.9.10", 170011).fact == "2.9.10, libpq 17.11"


def test_an_old_python_and_an_old_sqlite_fail() -> None:
    assert programs.python((3, 10, 4), "CPython").verdict == "fail"
    assert programs.sqlite("3.36.0").verdict == "fail"
    assert programs.sqlite("3.100.1").verdict == "ok"


def test_no_pg_dump_is_a_warning_since_the_move_itself_works() -> None:
    assert programs.clients([]).verdict == "warn"


def test_disk_space_warns_below_three_times_the_files_and_fails_below_one() -> None:
    gigabyte = 1_000_000_000
    verdicts = [machine.room(Path("/"), free * gigabyte, 2 * gigabyte).verdict for free in (2, 4, 7)]
    assert verdicts == ["fail", "warn", "ok"]


def test_a_clock_before_the_installation_fails() -> None:
    assert machine.clock(_NOW - timedelta(days=400), installed=_NOW).verdict == "fail"
    assert machine.clock(_NOW, installed=_NOW).verdict == "ok"


def test_clocks_half_a_minute_apart_are_told_in_either_direction() -> None:
    for apart in (timedelta(seconds=31), timedelta(seconds=-31)):
        assert machine.skew(_NOW, _NOW + apart).verdict == "warn"
    assert machine.skew(_NOW, _NOW + timedelta(seconds=2)).verdict == "ok"


def test_a_stopped_or_broken_server_comes_with_the_command_that_starts_it() -> None:
    assert target.verdict("embedded", "stopped", "", "data in x").fix == "gigops provision"
    assert target.verdict("docker", "broken", "", "exited").fix == "gigops provision --provider docker"
    assert "target.url" in target.verdict("url", "broken", "", "no route").fix
    assert target.verdict("embedded", "none", "", "").verdict == "ok"
